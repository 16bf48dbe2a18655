import { randomUUID } from 'node:crypto'
import { EventEmitter, on } from 'node:events'
import {
  type Client,
  KubeError,
  type KubeObject,
  type ListOptions,
  type Resource,
  type WatchEvent,
} from '@millrace/kube'

/** A whole API server in memory, as the tests' outside. Knows what pods need: binding, status, graceful deletion. */
export interface FakeCluster {
  readonly client: Client
  /** Puts an object as a user would; what exists is replaced. */
  put(resource: Resource, object: Partial<KubeObject> & { metadata: KubeObject['metadata'] }): KubeObject
  find<T extends KubeObject = KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
  ): T | undefined
  list(resource: Resource): KubeObject[]
  remove(resource: Resource, namespace: string | undefined, name: string): void
  /** Every write, as `verb plural namespace/name subresource`. */
  readonly writes: string[]
  /** While set, calls fail with it. */
  failure: Error | undefined
}

export function fakeCluster(): FakeCluster {
  const objects = new Map<string, KubeObject>()
  const changes = new EventEmitter().setMaxListeners(0)
  const writes: string[] = []
  let version = 1
  const cluster = { failure: undefined as Error | undefined }

  const keyOf = (resource: Resource, namespace: string | undefined, name: string | undefined) =>
    `${resource.plural}|${resource.namespaced ? (namespace ?? 'default') : ''}|${name}`

  function store(resource: Resource, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): KubeObject {
    version += 1
    const next = structuredClone(object)
    next.metadata.resourceVersion = String(version)
    const key = keyOf(resource, next.metadata.namespace, next.metadata.name)
    if (type === 'DELETED') objects.delete(key)
    else objects.set(key, next)
    changes.emit('change', resource.plural, { type, object: next })
    return structuredClone(next)
  }

  function existing(resource: Resource, namespace: string | undefined, name: string | undefined): KubeObject {
    const found = objects.get(keyOf(resource, namespace, name))
    if (!found) throw failure('NotFound', 404, `${resource.plural} "${name}" not found`)
    return found
  }

  function update(resource: Resource, before: KubeObject, after: KubeObject): KubeObject {
    const same = JSON.stringify({ ...after, metadata: before.metadata }) === JSON.stringify(before)
    const sameMeta = JSON.stringify(after.metadata) === JSON.stringify(before.metadata)
    return same && sameMeta ? structuredClone(before) : store(resource, 'MODIFIED', after)
  }

  function guard(options?: { readonly signal?: AbortSignal }): void {
    if (options?.signal?.aborted) throw new KubeError({ code: 'Aborted', message: 'aborted' })
    if (cluster.failure) throw cluster.failure
  }

  const client: Client = {
    async get(resource, name, options) {
      guard(options)
      return structuredClone(existing(resource, name.namespace, name.name)) as never
    },
    async list(resource, options = {}) {
      guard(options)
      const items = [...objects.entries()]
        .filter(([key, object]) => key.startsWith(`${resource.plural}|`) && selects(options, object))
        .map(([, object]) => structuredClone(object))
      return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: String(version) }, items } as never
    },
    async create(resource, object, options = {}) {
      guard(options)
      writes.push(
        `create ${resource.plural} ${object.metadata.namespace}/${object.metadata.name} ${options.subresource ?? ''}`,
      )
      if (options.subresource === 'binding') {
        const pod = structuredClone(existing(resource, object.metadata.namespace, object.metadata.name))
        pod.spec = { ...(pod.spec as object), nodeName: (object.target as { name: string }).name }
        return store(resource, 'MODIFIED', pod) as never
      }
      if (objects.has(keyOf(resource, object.metadata.namespace, object.metadata.name))) {
        throw failure('AlreadyExists', 409, `${object.metadata.name} already exists`)
      }
      return store(resource, 'ADDED', withIdentity(object)) as never
    },
    async replace(resource, object, options = {}) {
      guard(options)
      const { namespace, name, resourceVersion } = object.metadata
      writes.push(`replace ${resource.plural} ${namespace}/${name} ${options.subresource ?? ''}`)
      const before = existing(resource, namespace, name)
      if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
        throw failure('Conflict', 409, `${name} has been modified`)
      }
      const after =
        options.subresource === 'status'
          ? { ...before, status: object.status }
          : { ...object, metadata: { ...before.metadata, ...object.metadata }, status: before.status }
      return update(resource, before, structuredClone(after)) as never
    },
    async patch(resource, name, _type, body, options = {}) {
      guard(options)
      writes.push(`patch ${resource.plural} ${name.namespace}/${name.name} ${options.subresource ?? ''}`)
      const before = existing(resource, name.namespace, name.name)
      return update(resource, before, merge(structuredClone(before), body) as KubeObject) as never
    },
    async apply() {
      throw new Error('the tests do not apply')
    },
    async delete(resource, name, options = {}) {
      guard(options)
      writes.push(`delete ${resource.plural} ${name.namespace}/${name.name} ${options.gracePeriodSeconds ?? ''}`)
      const found = structuredClone(existing(resource, name.namespace, name.name))
      if (options.preconditions?.uid && options.preconditions.uid !== found.metadata.uid) {
        throw failure('Conflict', 409, 'the uid differs')
      }
      const spec = (found.spec ?? {}) as { nodeName?: string; terminationGracePeriodSeconds?: number }
      const grace = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30
      if (resource.plural !== 'pods' || grace === 0 || !spec.nodeName) return void store(resource, 'DELETED', found)
      found.metadata.deletionTimestamp = new Date().toISOString()
      found.metadata.deletionGracePeriodSeconds = grace
      store(resource, 'MODIFIED', found)
    },
    watch<T extends KubeObject>(resource: Resource, options: ListOptions & { sendInitialEvents?: boolean } = {}) {
      return watch(resource, options) as AsyncIterable<WatchEvent<T>>
    },
    async request(_method, path) {
      if (!path.endsWith('/token')) throw new Error(`the fake does not know ${path}`)
      const status = { token: 'a-token', expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString() }
      return { status: 201, headers: {}, body: { status } }
    },
    async stream() {
      throw new Error('the tests do not stream')
    },
    async close() {},
  }

  async function* watch(resource: Resource, options: ListOptions & { sendInitialEvents?: boolean }) {
    guard(options)
    const signal = options.signal ?? new AbortController().signal
    const since = Number(options.resourceVersion || version)
    const events = on(changes, 'change', { signal })
    if (options.sendInitialEvents) {
      const { items } = await client.list(resource, { ...options })
      for (const object of items) yield { type: 'ADDED', object }
      const annotations = { 'k8s.io/initial-events-end': 'true' }
      yield {
        type: 'BOOKMARK',
        object: { apiVersion: 'v1', kind: resource.kind, metadata: { resourceVersion: String(since), annotations } },
      }
    }
    try {
      for await (const [plural, event] of events as AsyncIterable<[string, WatchEvent]>) {
        const { metadata } = event.object as KubeObject
        if (
          plural === resource.plural &&
          Number(metadata.resourceVersion) > since &&
          selects(options, event.object as KubeObject)
        ) {
          yield structuredClone(event)
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  function withIdentity(object: Partial<KubeObject> & { metadata: KubeObject['metadata'] }): KubeObject {
    const metadata = {
      uid: randomUUID(),
      creationTimestamp: new Date().toISOString(),
      generation: 1,
      ...object.metadata,
    }
    return { apiVersion: 'v1', kind: '', ...structuredClone(object), metadata } as KubeObject
  }

  return Object.assign(cluster, {
    client,
    writes,
    put(resource: Resource, object: Partial<KubeObject> & { metadata: KubeObject['metadata'] }) {
      const metadata = { ...(resource.namespaced && { namespace: 'default' }), ...object.metadata }
      const before = objects.get(keyOf(resource, metadata.namespace, metadata.name))
      const whole = withIdentity({
        kind: resource.kind,
        ...before,
        ...object,
        metadata: { ...before?.metadata, ...metadata },
      })
      return store(resource, before ? 'MODIFIED' : 'ADDED', whole)
    },
    find<T extends KubeObject>(resource: Resource, namespace: string | undefined, name: string) {
      return objects.get(keyOf(resource, namespace, name)) as T | undefined
    },
    list: (resource: Resource) =>
      [...objects.entries()].filter(([key]) => key.startsWith(`${resource.plural}|`)).map(([, object]) => object),
    remove(resource: Resource, namespace: string | undefined, name: string) {
      store(resource, 'DELETED', existing(resource, namespace, name))
    },
  })
}

function selects({ namespace, fieldSelector }: ListOptions, object: KubeObject): boolean {
  const name = fieldSelector?.replace('metadata.name=', '')
  return (!namespace || object.metadata.namespace === namespace) && (!name || object.metadata.name === name)
}

function failure(code: string, httpStatus: number, message: string): KubeError {
  return new KubeError({ code, httpStatus, message })
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result = (typeof target === 'object' && target !== null ? target : {}) as Record<string, unknown>
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}
