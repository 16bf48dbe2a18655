import type { Client, ObjectName } from './client.ts'
import { type Clock, systemClock } from './clock.ts'
import { createIndexedObjects, type Indexer } from './indexed-objects.ts'
import { type Log, silentLog } from './log.ts'
import { type KeptObject, createSmallKeeper, wholeKeeper } from './kept-object.ts'
import { keyOf, keyOfObject } from './object-key.ts'
import { runReflector, type Selection } from './reflector.ts'
import { describeTarget } from './resource-path.ts'
import type { KubeObject, Resource } from './wire.ts'

export type Change<T = KubeObject> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T }

/** A local copy of a collection that follows the server until it is stopped. Objects are shared: never change one. */
export interface Informer<T extends KubeObject = KubeObject> {
  readonly resource: Resource
  /** Resolves when the first full state is in and every handler has seen it. Never rejects; never resolves after stop. */
  readonly synced: Promise<void>
  readonly isSynced: boolean
  /** Why the copy is not following right now; undefined while it does. */
  readonly trouble: Error | undefined
  get(name: ObjectName): T | undefined
  list(namespace?: string): readonly T[]
  /** `namespace/name` of all. */
  keys(namespace?: string): Iterable<string>
  /** Objects for which the named indexer gave this value. */
  by(index: string, value: string): readonly T[]
  /** Called in order, synchronously. What is already here comes as `added` at once. The answer stops it. */
  onChange(handler: (change: Change<T>) => void): () => void
  /** Takes the server's answer to a write into the copy, unless the watch has already been there: read your writes. */
  remember(object: T): void
  /** The server has said that this object is gone: the copy lets it go before the watch tells. Another life of it stays. */
  forget(object: T): void
  stop(): Promise<void>
}

export interface InformerOptions<T extends KubeObject = KubeObject> extends Selection {
  readonly indexers?: Readonly<Record<string, Indexer<T>>>
  /** What is kept of an object; the object given stays as it is. Absent: all but managedFields. */
  readonly transform?: (object: T) => T
  /** For thousands of objects that are much alike and looked at now and then: in little memory. */
  readonly keptSmall?: boolean
  readonly clock?: Clock
  readonly random?: () => number
  readonly log?: Log
  /** False: list in pages in place of WatchList's stream. */
  readonly watchList?: boolean
}

/** Starts to follow at once. */
export function startInformer<T extends KubeObject = KubeObject>(
  client: Client,
  resource: Resource,
  options: InformerOptions<T> = {},
): Informer<T> {
  const { clock = systemClock, random = Math.random, log = silentLog } = options
  const { namespace, labelSelector, fieldSelector, metadataOnly } = options
  const selection: Selection = {
    ...(namespace !== undefined && { namespace }),
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
    ...(metadataOnly && { metadataOnly }),
  }
  const transform = options.transform ?? withoutManagedFields
  const keeper = options.keptSmall ? createSmallKeeper() : wholeKeeper
  const what = describeTarget(resource, selection)
  const objects = createIndexedObjects<T>(options.indexers ?? {}, keeper)
  const handlers = new Set<(change: Change<T>) => void>()
  const abort = new AbortController()
  const synced = Promise.withResolvers<void>()
  let isSynced = false
  let trouble: Error | undefined
  let reached = 0n

  const tell = (change: Change<T>) => {
    for (const handler of handlers) {
      try {
        handler(change)
      } catch (bug) {
        // A handler that throws is a bug of ours. It must not cut off the other handlers, nor be swallowed.
        queueMicrotask(() => {
          throw bug
        })
      }
    }
  }
  const put = (key: string, kept: KeptObject<T>, object: T) => {
    const previous = objects.set(key, kept, object)
    if (!previous) return tell({ type: 'added', object })
    // Deleted and made again while nobody looked: two lives, not one change.
    if (previous.metadata.uid !== object.metadata.uid) {
      tell({ type: 'deleted', object: previous })
      return tell({ type: 'added', object })
    }
    tell({ type: 'updated', object, previous })
  }
  const take = (key: string, object: T) => {
    const known = objects.kept(key)
    if (known && (isSameState(known, object.metadata) || isNewer(known, object.metadata))) return
    const transformed = transform(object)
    put(key, keeper.keep(transformed), transformed)
  }
  const drop = (key: string, lastSeen?: T) => {
    const previous = objects.delete(key)
    if (previous) tell({ type: 'deleted', object: lastSeen ?? previous })
  }

  const done = runReflector<T, KeptObject<T>>({
    client,
    resource,
    selection,
    clock,
    random,
    signal: abort.signal,
    watchList: options.watchList ?? true,
    sink: {
      taken: (object) => keeper.keep(transform(object)),
      replaced: (state, resourceVersion) => {
        if (abort.signal.aborted) return
        for (const key of objects.keys()) if (!state.has(key)) drop(key)
        for (const [key, kept] of state) {
          const known = objects.kept(key)
          if (!known || !isSameState(known, kept)) put(key, kept, keeper.open(kept))
        }
        reached = versionNumber(resourceVersion) ?? reached
        isSynced = true
        synced.resolve()
      },
      changed: ({ type, object }) => {
        if (abort.signal.aborted) return
        const key = keyOfObject(object)
        if (type !== 'DELETED') return take(key, object)
        const known = objects.kept(key)
        if (known && (known.uid === object.metadata.uid || !isNewer(known, object.metadata)))
          drop(key, transform(object))
      },
      reached: (resourceVersion) => {
        reached = versionNumber(resourceVersion) ?? reached
      },
      troubled: (error) => {
        if (error && error.message !== trouble?.message)
          log.warn('Not following a resource', { resource: what, error: error.message })
        if (!error && trouble) log.info('Following a resource again', { resource: what })
        trouble = error
      },
    },
  })

  return {
    resource,
    synced: synced.promise,
    get isSynced() {
      return isSynced
    },
    get trouble() {
      return trouble
    },
    get: (name) => objects.get(keyOf(name)),
    list: (inNamespace) => objects.list(inNamespace),
    keys: (inNamespace) => objects.keys(inNamespace),
    by: (index, value) => objects.by(index, value),
    onChange: (handler) => {
      handlers.add(handler)
      for (const object of objects.list()) handler({ type: 'added', object })
      return () => void handlers.delete(handler)
    },
    remember: (object) => {
      const version = versionNumber(object.metadata.resourceVersion)
      if (!isSynced || abort.signal.aborted || version === undefined || version <= reached) return
      const key = keyOfObject(object)
      const known = objects.kept(key)
      if (!known || isNewer(object.metadata, known)) take(key, object)
    },
    forget: (object) => {
      const key = keyOfObject(object)
      if (!abort.signal.aborted && objects.kept(key)?.uid === object.metadata.uid) drop(key)
    },
    stop: async () => {
      abort.abort()
      handlers.clear()
      await done
    },
  }
}

/** What `kubectl apply` and field managers leave behind is often half of an object, and few ever read it. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** Resource versions of one resource are decimal numbers that grow (KEP-5504). Where they aren't, nothing is assumed. */
function versionNumber(resourceVersion: string | undefined): bigint | undefined {
  return resourceVersion !== undefined && /^\d{1,20}$/.test(resourceVersion) ? BigInt(resourceVersion) : undefined
}

type State = Pick<KeptObject, 'uid' | 'resourceVersion'>

function isSameState(a: Partial<State>, b: Partial<State>): boolean {
  return a.resourceVersion !== undefined && a.uid === b.uid && a.resourceVersion === b.resourceVersion
}

function isNewer(a: Partial<State>, b: Partial<State>): boolean {
  const [left, right] = [versionNumber(a.resourceVersion), versionNumber(b.resourceVersion)]
  return left !== undefined && right !== undefined && left > right
}
