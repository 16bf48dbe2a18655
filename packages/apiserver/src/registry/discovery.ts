import { createHash } from 'node:crypto'
import type { Gvk } from '../builtin/resource-info.ts'
import type { Answer } from '../http/respond.ts'
import type { ResourceTable } from './resource-table.ts'
import { apiVersionOf, type ServedResource } from './served-resource.ts'

export interface Discovery {
  /** Answers /api, /apis and what lies below them short of resources; undefined for other paths. */
  answer(path: string, accept: string): Answer | undefined
}

const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** What is served, in the aggregated form (apidiscovery.k8s.io/v2) for clients that ask for it, else in the classic one. */
export function createDiscovery(resources: ResourceTable): Discovery {
  return {
    answer: (path, accept) => {
      const segments = path.split('/').slice(1)
      const [root, group = '', version = ''] = segments
      if (root !== 'api' && root !== 'apis') return undefined
      const isCore = root === 'api'
      if (segments.length === 1) {
        if (wantsAggregated(accept)) {
          return { code: 200, body: aggregated(resources, isCore), contentType: aggregatedType }
        }
        return { code: 200, body: isCore ? coreVersions() : groupList(resources) }
      }
      if (isCore) return segments.length === 2 ? resourceList(resources, '', group) : undefined
      if (segments.length === 2) return oneGroup(resources, group)
      return segments.length === 3 ? resourceList(resources, group, version) : undefined
    },
  }
}

function wantsAggregated(accept: string): boolean {
  const first = accept.split(',').map((item) => item.trim().replaceAll(' ', ''))
  return first.some(
    (item) =>
      item.startsWith('application/json') && item.includes('as=APIGroupDiscoveryList') && /v=v2(;|$)/.test(item),
  )
}

function groupsOf(resources: ResourceTable): readonly string[] {
  return [...new Set(resources.all().map(({ gvk }) => gvk.group))].filter((group) => group !== '')
}

function coreVersions(): object {
  const addresses = [{ clientCIDR: '0.0.0.0/0', serverAddress: '' }]
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: addresses }
}

function groupList(resources: ResourceTable): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(resources).map((name) => groupOf(resources, name)) }
}

function groupOf(resources: ResourceTable, name: string): object {
  const versions = resources.versionsOf(name).map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions, preferredVersion: versions[0] }
}

function oneGroup(resources: ResourceTable, name: string): Answer | undefined {
  if (resources.versionsOf(name).length === 0) return undefined
  return { code: 200, body: { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(resources, name) } }
}

function servedIn(resources: ResourceTable, group: string, version: string): readonly ServedResource[] {
  return resources.all().filter(({ gvk }) => gvk.group === group && gvk.version === version)
}

function resourceList(resources: ResourceTable, group: string, version: string): Answer | undefined {
  const served = servedIn(resources, group, version)
  if (served.length === 0) return undefined
  const groupVersion = group ? `${group}/${version}` : version
  const list = served.flatMap((resource) => [classicResource(resource), ...classicSubresources(resource)])
  // The core group's list is older than apiVersion in it.
  const head = group ? { kind: 'APIResourceList', apiVersion: 'v1' } : { kind: 'APIResourceList' }
  return { code: 200, body: { ...head, groupVersion, resources: list } }
}

function classicResource(resource: ServedResource): object {
  const { plural, singular, namespaced, gvk, verbs, shortNames, categories } = resource
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind: gvk.kind,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(verbs.includes('delete') ? { storageVersionHash: storageVersionHash(resource) } : {}),
  }
}

/** Tells clients when objects are stored in another version: the first 8 bytes of a hash of group/version/kind. */
function storageVersionHash({ storedAs: { group, version, kind } }: ServedResource): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64')
}

function classicSubresources({ plural, namespaced, gvk, subresources }: ServedResource): readonly object[] {
  return subresources.map((sub) => {
    const isForeign = apiVersionOf(sub.gvk) !== apiVersionOf(gvk)
    const place = isForeign ? { group: sub.gvk.group, version: sub.gvk.version } : {}
    const name = `${plural}/${sub.name}`
    return { name, singularName: '', namespaced, ...place, kind: sub.gvk.kind, verbs: sub.verbs }
  })
}

function aggregated(resources: ResourceTable, isCore: boolean): object {
  const groups = isCore ? [''] : groupsOf(resources)
  const items = groups.map((group) => ({
    metadata: group ? { name: group } : {},
    versions: resources.versionsOf(group).map((version) => ({
      version,
      resources: servedIn(resources, group, version).map(aggregatedResource),
      freshness: 'Current',
    })),
  }))
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items }
}

function aggregatedResource(resource: ServedResource): object {
  const { plural, singular, namespaced, gvk, verbs, shortNames, categories, subresources, isCustom } = resource
  // Built-in kinds leave out the group and version they are listed under.
  const short = (kind: Gvk): Gvk =>
    !isCustom && apiVersionOf(kind) === apiVersionOf(gvk) ? { ...kind, group: '', version: '' } : kind
  const subs = subresources.map((sub) => ({
    subresource: sub.name,
    responseKind: short(sub.gvk),
    verbs: sub.verbs,
  }))
  return {
    resource: plural,
    responseKind: short(gvk),
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subs.length > 0 ? { subresources: subs } : {}),
  }
}
