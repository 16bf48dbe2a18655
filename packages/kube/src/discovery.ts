import type { Client } from './client.ts'
import { isKubeError } from './errors.ts'
import { isRecord } from './json-answer.ts'
import type { KubeObject, Resource } from './wire.ts'

/** A served resource with what discovery says of it. */
export interface ServedResource extends Resource {
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly string[]
  readonly subresources: readonly string[]
}

/** What an API server serves, at one moment. Versions of a group come preferred one first. */
export interface Discovery {
  readonly resources: readonly ServedResource[]
  /** Groups whose server did not answer: what they serve is unknown, not absent. */
  readonly unknownGroups: readonly string[]
  /** The resource of an object's kind, in the object's own version. */
  ofKind(apiVersion: string, kind: string): ServedResource | undefined
  /**
   * What a person calls it: `pods`, `po`, `pod`, `deployments.apps`, `deployments.v1.apps`, `Deployment`. In the preferred
   * version unless one is named; the core group wins where two groups share a name.
   */
  named(name: string): ServedResource | undefined
}

const aggregatedV2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const aggregatedV2Beta1 = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'
const aggregated = { accept: `${aggregatedV2},${aggregatedV2Beta1},application/json` }
const plain = { accept: 'application/json' }

/** Asks the server what it serves: two calls where it knows aggregated discovery (1.26 and later), else one for each group version. */
export async function discover(client: Client, options: { readonly signal?: AbortSignal } = {}): Promise<Discovery> {
  const signal = options.signal ? { signal: options.signal } : {}
  const ask = async (path: string, headers: Readonly<Record<string, string>>) =>
    (await client.request('GET', path, { headers, ...signal })).body
  const [core, groups] = await Promise.all([ask('/api', aggregated), ask('/apis', aggregated)])
  const found: ServedResource[] = []
  const unknownGroups: string[] = []
  for (const answer of [core, groups]) {
    if (isRecord(answer) && answer['kind'] === 'APIGroupDiscoveryList') addAggregated(answer, found, unknownGroups)
    else await addClassic(answer, (path) => ask(path, plain), found, unknownGroups)
  }
  return discoveryOf(found, unknownGroups)
}

export function discoveryOf(resources: readonly ServedResource[], unknownGroups: readonly string[] = []): Discovery {
  const byKind = new Map<string, ServedResource>()
  const byName = new Map<string, ServedResource>()
  const addName = (name: string, resource: ServedResource) => {
    const key = name.toLowerCase()
    if (!byName.has(key)) byName.set(key, resource)
  }
  for (const resource of resources) {
    byKind.set(kindKey(resource.group, resource.version, resource.kind), resource)
    for (const name of [resource.plural, resource.singular, resource.kind, ...resource.shortNames]) {
      if (name === '') continue
      addName(name, resource)
      if (resource.group !== '') addName(`${name}.${resource.group}`, resource)
      addName(
        resource.group === '' ? `${name}.${resource.version}` : `${name}.${resource.version}.${resource.group}`,
        resource,
      )
    }
  }
  return {
    resources,
    unknownGroups,
    ofKind: (apiVersion, kind) => {
      const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
      return byKind.get(kindKey(group ?? '', version ?? '', kind))
    },
    named: (name) => byName.get(name.toLowerCase()),
  }
}

/** The resource of an object that was read from a file. */
export function resourceOf(
  discovery: Discovery,
  object: Pick<KubeObject, 'apiVersion' | 'kind'>,
): ServedResource | undefined {
  return discovery.ofKind(object.apiVersion, object.kind)
}

function addAggregated(answer: Record<string, unknown>, into: ServedResource[], unknownGroups: string[]): void {
  for (const group of records(answer['items'])) {
    const groupName = isRecord(group['metadata']) ? text(group['metadata']['name']) : ''
    for (const version of records(group['versions'])) {
      if (version['freshness'] === 'Stale') unknownGroups.push(`${groupName}/${text(version['version'])}`)
      for (const resource of records(version['resources'])) {
        into.push({
          group: groupName,
          version: text(version['version']),
          plural: text(resource['resource']),
          kind: isRecord(resource['responseKind']) ? text(resource['responseKind']['kind']) : '',
          namespaced: resource['scope'] === 'Namespaced',
          singular: text(resource['singularResource']),
          shortNames: texts(resource['shortNames']),
          categories: texts(resource['categories']),
          verbs: texts(resource['verbs']),
          subresources: records(resource['subresources']).map((one) => text(one['subresource'])),
        })
      }
    }
  }
}

/** APIVersions for the core group, APIGroupList for the others, then an APIResourceList for each version. */
async function addClassic(
  answer: unknown,
  ask: (path: string) => Promise<unknown>,
  into: ServedResource[],
  unknownGroups: string[],
): Promise<void> {
  if (!isRecord(answer)) return
  const paths =
    answer['kind'] === 'APIVersions'
      ? texts(answer['versions']).map((version) => `/api/${version}`)
      : records(answer['groups']).flatMap((group) => versionsOf(group).map((version) => `/apis/${version}`))
  const lists = await Promise.all(
    paths.map((path) =>
      ask(path).catch((error: unknown) => {
        // The server behind an APIService may be down. That is its trouble, not the end of discovery.
        if (!isKubeError(error)) throw error
        unknownGroups.push(path.replace(/^\/apis?\//, ''))
        return undefined
      }),
    ),
  )
  for (const list of lists) if (isRecord(list)) addResourceList(list, into)
}

function versionsOf(group: Record<string, unknown>): string[] {
  const preferred = isRecord(group['preferredVersion']) ? text(group['preferredVersion']['groupVersion']) : ''
  const all = records(group['versions']).map((version) => text(version['groupVersion']))
  return preferred === '' ? all : [preferred, ...all.filter((version) => version !== preferred)]
}

function addResourceList(list: Record<string, unknown>, into: ServedResource[]): void {
  const groupVersion = text(list['groupVersion'])
  const [group = '', version = ''] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion]
  const entries = records(list['resources'])
  for (const entry of entries) {
    const plural = text(entry['name'])
    if (plural.includes('/')) continue
    const subresources = entries.map((one) => text(one['name'])).filter((name) => name.startsWith(`${plural}/`))
    into.push({
      group,
      version,
      plural,
      kind: text(entry['kind']),
      namespaced: entry['namespaced'] === true,
      singular: text(entry['singularName']),
      shortNames: texts(entry['shortNames']),
      categories: texts(entry['categories']),
      verbs: texts(entry['verbs']),
      subresources: subresources.map((name) => name.slice(plural.length + 1)),
    })
  }
}

function kindKey(group: string, version: string, kind: string): string {
  return `${group}/${version}/${kind}`
}

function records(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
