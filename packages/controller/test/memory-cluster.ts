import { kinds, resources as serving, shippedConfig, shippedRuntimes } from '@millrace/api'
import {
  type Client,
  KubeError,
  type KubeList,
  type KubeObject,
  type Resource,
  resources,
  type WatchEvent,
} from '@millrace/kube'
import { childKinds } from '@millrace/render'

type Stored = KubeObject
interface Event {
  readonly version: number
  readonly place: string
  readonly event: WatchEvent
}

/** apiVersion and kind follow from the resource. */
export interface Written {
  readonly metadata: KubeObject['metadata']
  readonly [field: string]: unknown
}

/** An API server in memory: enough of one for a controller, and it can be broken on purpose. */
export interface MemoryCluster {
  readonly client: Client
  /** `verb plural name`, writes alone. */
  readonly writes: string[]
  install(...installed: readonly Resource[]): void
  uninstall(resource: Resource): void
  /** As a user or another controller does it: not counted among the writes. */
  put(resource: Resource, object: Written): KubeObject
  remove(resource: Resource, namespace: string | undefined, name: string): void
  get(resource: Resource, namespace: string | undefined, name: string): KubeObject | undefined
  all(resource: Resource): readonly KubeObject[]
  /** Ends every watch. */
  cutWatches(): void
  readonly openWatches: number
}

const builtIn: readonly Resource[] = Object.values(resources)
export const knativeService: Resource = {
  group: 'serving.knative.dev',
  version: 'v1',
  plural: 'services',
  kind: 'Service',
  namespaced: true,
}

export function createMemoryCluster(): MemoryCluster {
  const served = new Map<string, Resource>()
  const objects = new Map<string, Stored>()
  const history: Event[] = []
  const listeners = new Set<{ readonly wake: () => void; readonly cut: () => void }>()
  const writes: string[] = []
  let version = 100
  let uid = 0

  const placeOf = (resource: Resource) => `${resource.group}/${resource.plural}`
  const keyOf = (resource: Resource, namespace: string | undefined, name: string) =>
    `${placeOf(resource)}|${namespace ?? ''}|${name}`
  const apiVersionOf = ({ group, version: name }: Resource) => (group === '' ? name : `${group}/${name}`)
  const error = (code: string, httpStatus: number, message: string) => new KubeError({ code, httpStatus, message })
  const checkServed = (resource: Resource) => {
    if (!served.has(placeOf(resource)))
      throw error('NotFound', 404, `the server could not find the requested resource (${resource.plural})`)
  }
  const tell = (resource: Resource, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Stored) => {
    history.push({ version, place: placeOf(resource), event: { type, object: structuredClone(object) } })
    for (const { wake } of listeners) wake()
  }
  const store = (resource: Resource, given: Stored): Stored => {
    const { namespace, name = '' } = given.metadata
    const key = keyOf(resource, namespace, name)
    const known = objects.get(key)
    if (known && sameContent(known, given)) return structuredClone(known)
    version += 1
    const isNewSpec = !known || JSON.stringify(known['spec']) !== JSON.stringify(given['spec'])
    const metadata = {
      ...given.metadata,
      uid: known?.metadata.uid ?? `uid-${++uid}`,
      creationTimestamp: known?.metadata.creationTimestamp ?? '2026-01-01T00:00:00Z',
      generation: (known?.metadata.generation ?? 0) + (isNewSpec ? 1 : 0),
      resourceVersion: String(version),
    }
    const stored: Stored = structuredClone({
      ...given,
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata,
    })
    if (metadata.deletionTimestamp !== undefined && !metadata.finalizers?.length) {
      objects.delete(key)
      tell(resource, 'DELETED', stored)
      return structuredClone(stored)
    }
    objects.set(key, stored)
    tell(resource, known ? 'MODIFIED' : 'ADDED', stored)
    return structuredClone(stored)
  }
  const destroy = (resource: Resource, object: Stored) => {
    version += 1
    objects.delete(keyOf(resource, object.metadata.namespace, object.metadata.name ?? ''))
    tell(resource, 'DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } })
  }
  const find = (resource: Resource, name: { readonly namespace?: string; readonly name: string }): Stored => {
    checkServed(resource)
    const object = objects.get(keyOf(resource, name.namespace, name.name))
    if (!object) throw error('NotFound', 404, `${resource.plural} "${name.name}" not found`)
    return object
  }
  const selected = (options: {
    readonly namespace?: string
    readonly labelSelector?: string
    readonly fieldSelector?: string
  }) => {
    const wantedName = /^metadata\.name=(.*)$/.exec(options.fieldSelector ?? '')?.[1]
    return (object: Stored) =>
      (options.namespace === undefined || object.metadata.namespace === options.namespace) &&
      (options.labelSelector === undefined || object.metadata.labels?.[options.labelSelector] !== undefined) &&
      (wantedName === undefined || object.metadata.name === wantedName)
  }
  const inPlace = (resource: Resource) =>
    [...objects].filter(([key]) => key.startsWith(`${placeOf(resource)}|`)).map(([, object]) => object)
  const shape = (object: Stored, metadataOnly: boolean | undefined): Stored =>
    structuredClone(
      metadataOnly ? { apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata } : object,
    )
  const count = (verb: string, resource: Resource, name: string | undefined) =>
    void writes.push(`${verb} ${resource.plural} ${name}`)

  const client: Client = {
    get: async <T extends KubeObject>(
      resource: Resource,
      name: { readonly namespace?: string; readonly name: string },
    ) => structuredClone(find(resource, name)) as T,
    list: async <T extends KubeObject>(resource: Resource, options: Parameters<Client['list']>[1] = {}) => {
      checkServed(resource)
      const items = inPlace(resource)
        .filter(selected(options))
        .map((object) => shape(object, options.metadataOnly))
      return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: String(version) }, items } as KubeList<T>
    },
    create: async <T extends KubeObject>(resource: Resource, object: T) => {
      checkServed(resource)
      count('create', resource, object.metadata.name)
      if (objects.has(keyOf(resource, object.metadata.namespace, object.metadata.name ?? '')))
        throw error('AlreadyExists', 409, 'already exists')
      return store(resource, object) as T
    },
    replace: async <T extends KubeObject>(
      resource: Resource,
      object: T,
      options: { readonly subresource?: string } = {},
    ) => {
      const { namespace, name = '', resourceVersion } = object.metadata
      const known = find(resource, { ...(namespace !== undefined && { namespace }), name })
      count(`replace${options.subresource ? ` ${options.subresource}` : ''}`, resource, name)
      if (resourceVersion !== undefined && resourceVersion !== known.metadata.resourceVersion)
        throw error('Conflict', 409, 'the object has been modified')
      return store(
        resource,
        options.subresource === 'status'
          ? { ...known, status: object['status'] }
          : { ...object, status: known['status'] },
      ) as unknown as T
    },
    patch: async <T extends KubeObject>(
      resource: Resource,
      name: { readonly namespace?: string; readonly name: string },
      _type: string,
      body: unknown,
    ) => {
      const known = find(resource, name)
      count('patch', resource, name.name)
      return store(resource, merge(known, body) as Stored) as T
    },
    apply: async <T extends KubeObject>(resource: Resource, object: T, options: { readonly fieldManager: string }) => {
      checkServed(resource)
      const { namespace, name = '' } = object.metadata
      count('apply', resource, name)
      const known = objects.get(keyOf(resource, namespace, name))
      const { apiVersion: _a, kind: _k, metadata, status: _s, ...rest } = object
      const { name: _n, namespace: _ns, ownerReferences: _o, ...ownedMetadata } = metadata
      const fieldsV1 = { ...fieldsOf(rest), 'f:metadata': fieldsOf(ownedMetadata) }
      const managedFields = [
        { manager: options.fieldManager, operation: 'Apply' as const, apiVersion: object.apiVersion, fieldsV1 },
      ]
      const applied = {
        ...object,
        metadata: { ...metadata, managedFields },
        ...(known?.['status'] !== undefined && { status: known['status'] }),
      }
      return store(resource, applied) as unknown as T
    },
    delete: async (resource, name, options) => {
      const known = find(resource, name)
      count('delete', resource, name.name)
      const wanted = options?.preconditions?.uid
      if (wanted !== undefined && wanted !== known.metadata.uid) throw error('Conflict', 409, 'another uid')
      destroy(resource, known)
    },
    watch: async function* <T extends KubeObject>(resource: Resource, options: Parameters<Client['watch']>[1] = {}) {
      checkServed(resource)
      const fits = selected(options)
      const place = placeOf(resource)
      let at = history.length
      const emit = (event: WatchEvent): WatchEvent<T> =>
        (event.type === 'ERROR'
          ? event
          : { ...event, object: shape(event.object, options.metadataOnly) }) as WatchEvent<T>
      let isOver = false
      let wake = () => {}
      const listener = {
        wake: () => wake(),
        cut: () => {
          isOver = true
          wake()
        },
      }
      const onAbort = listener.cut
      options.signal?.addEventListener('abort', onAbort)
      listeners.add(listener)
      try {
        options.onOpen?.()
        if (options.sendInitialEvents) {
          for (const object of inPlace(resource).filter(fits)) yield emit({ type: 'ADDED', object })
          const metadata = { resourceVersion: String(version), annotations: { 'k8s.io/initial-events-end': 'true' } }
          yield emit({ type: 'BOOKMARK', object: { apiVersion: 'v1', kind: resource.kind, metadata } })
        } else {
          at = history.findIndex((event) => event.version > Number(options.resourceVersion))
          if (at < 0) at = history.length
        }
        const goesOn = () => !isOver && !options.signal?.aborted && served.has(place)
        while (goesOn()) {
          const next = history[at]
          if (!next) {
            await new Promise<void>((resolve) => (wake = resolve))
            continue
          }
          at += 1
          if (next.place === place && next.event.type !== 'ERROR' && fits(next.event.object)) yield emit(next.event)
        }
      } finally {
        listeners.delete(listener)
        options.signal?.removeEventListener('abort', onAbort)
      }
    },
    request: async (_method, path) => {
      if (path === '/version') return answer({ major: '1', minor: '34' })
      const inGroup = (isCore: boolean) => [...served.values()].filter(({ group }) => (group === '') === isCore)
      return answer({ kind: 'APIGroupDiscoveryList', items: discoveryItems(inGroup(path === '/api')) })
    },
    stream: async () => {
      throw error('NotFound', 404, 'no streams here')
    },
    close: async () => {},
  }

  const cluster: MemoryCluster = {
    client,
    writes,
    install: (...installed) => {
      for (const resource of installed) {
        served.set(placeOf(resource), resource)
        if (!builtIn.includes(resource))
          cluster.put(resources.customResourceDefinitions, {
            metadata: { name: `${resource.plural}.${resource.group}` },
          })
      }
    },
    uninstall: (resource) => {
      for (const object of inPlace(resource)) destroy(resource, object)
      served.delete(placeOf(resource))
      cluster.remove(resources.customResourceDefinitions, undefined, `${resource.plural}.${resource.group}`)
      for (const { wake } of listeners) wake()
    },
    put: (resource, object) => {
      const known = objects.get(keyOf(resource, object.metadata.namespace, object.metadata.name ?? ''))
      return store(resource, { ...known, ...object, metadata: { ...known?.metadata, ...object.metadata } } as Stored)
    },
    remove: (resource, namespace, name) => {
      const object = objects.get(keyOf(resource, namespace, name))
      if (!object) return
      if (object.metadata.finalizers?.length)
        store(resource, { ...object, metadata: { ...object.metadata, deletionTimestamp: '2026-01-02T00:00:00Z' } })
      else destroy(resource, object)
    },
    get: (resource, namespace, name) => objects.get(keyOf(resource, namespace, name)),
    all: inPlace,
    cutWatches: () => {
      for (const { cut } of listeners) cut()
    },
    get openWatches() {
      return listeners.size
    },
  }
  return cluster
}

/** A cluster with our kinds, the shipped runtimes and configuration, and nothing that is optional. */
export function createServingCluster(): MemoryCluster {
  const cluster = createMemoryCluster()
  cluster.install(...builtIn, ...Object.values(serving), ...childKinds.filter(({ needs }) => needs === undefined))
  for (const runtime of shippedRuntimes) cluster.put(serving.clusterServingRuntimes, runtime as unknown as KubeObject)
  cluster.put(resources.configMaps, {
    metadata: { namespace: 'kserve', name: 'inferenceservice-config' },
    data: shippedConfig,
  })
  cluster.writes.length = 0
  return cluster
}

export const kindNames = kinds.map(({ kind }) => kind)

function answer(body: unknown) {
  return { status: 200, headers: {}, body }
}

function discoveryItems(all: readonly Resource[]): unknown[] {
  return all.map(({ group, version, plural, kind, namespaced }) => ({
    metadata: { name: group },
    versions: [
      {
        version,
        resources: [{ resource: plural, responseKind: { kind }, scope: namespaced ? 'Namespaced' : 'Cluster' }],
      },
    ],
  }))
}

/** Lists count as atomic: that is enough to see who owns what. */
function fieldsOf(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([field, item]) => [
      `f:${field}`,
      isRecord(item) && Object.keys(item).length > 0 ? fieldsOf(item) : {},
    ]),
  )
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sameContent(a: Stored, b: Stored): boolean {
  const content = ({
    metadata: { uid: _u, resourceVersion: _r, generation: _g, creationTimestamp: _c, ...metadata },
    apiVersion: _a,
    kind: _k,
    ...rest
  }: Stored) => sorted({ ...rest, metadata })
  return JSON.stringify(content(a)) === JSON.stringify(content(b))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  )
}
