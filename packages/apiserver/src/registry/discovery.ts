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
  return { code: 200, body: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: list } }
}

function classicResource({ plural, singular, namespaced, gvk, verbs, shortNames, categories }: ServedResource): object {
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind: gvk.kind,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
  }
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
    metadata: { ...(group ? { name: group } : {}), creationTimestamp: null },
    versions: resources.versionsOf(group).map((version) => ({
      version,
      resources: servedIn(resources, group, version).map(aggregatedResource),
      freshness: 'Current',
    })),
  }))
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items }
}

function aggregatedResource(resource: ServedResource): object {
  const { plural, singular, namespaced, gvk, verbs, shortNames, categories, subresources } = resource
  return {
    resource: plural,
    responseKind: gvk,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0
      ? {
          subresources: subresources.map(({ name, gvk: kind, verbs: v }) => ({
            subresource: name,
            responseKind: kind,
            verbs: v,
          })),
        }
      : {}),
  }
}
