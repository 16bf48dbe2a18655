import { backoffMs } from './backoff.ts'
import type { Client } from './client.ts'
import { type Clock, sleep } from './clock.ts'
import { errorFromStatus, isExpired, isKubeError, KubeError } from './errors.ts'
import { keyOfObject } from './object-key.ts'
import { describeTarget } from './resource-path.ts'
import type { KubeObject, Resource, WatchEvent } from './wire.ts'

/** Which objects of a resource. */
export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** `PartialObjectMetadata` only: a tenth of the memory where labels and owners are all that is read. */
  readonly metadataOnly?: boolean
}

/** What a reflector tells, in the order in which it happened at the server. */
export interface ReflectorSink<T extends KubeObject, K> {
  /** What is to be kept of an object of the state that is being read: it may be large, and comes piece by piece. */
  taken(object: T): K
  /** The whole state by `namespace/name`, at a resource version: on the first sync and whenever history was lost. */
  replaced(state: ReadonlyMap<string, K>, resourceVersion: string): void
  changed(event: { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }): void
  /** Everything up to this resource version has been told. */
  reached(resourceVersion: string): void
  /** Not following, and why; undefined: following again. */
  troubled(error: Error | undefined): void
}

export interface ReflectorOptions<T extends KubeObject, K> {
  readonly client: Client
  readonly resource: Resource
  readonly selection: Selection
  readonly sink: ReflectorSink<T, K>
  readonly clock: Clock
  readonly random: () => number
  readonly signal: AbortSignal
  /** Ask for the first state as a stream (WatchList) until the server shows that it can't. */
  readonly watchList: boolean
}

interface Position {
  /** Undefined: nothing is known, or history was lost. */
  resourceVersion: string | undefined
  watchList: boolean
  /** In a row; a watch that held for a while ends the row. */
  failures: number
  isOpen: boolean
}

const retryWait = { firstMs: 200, maxMs: 30_000, jitter: 0.5 }
/** A watch lasts between one and two of these, so that a thousand clients don't all come back in one second. */
const watchSecondsMin = 300
/** A server that knows no WatchList streams the state and then says nothing: this long without an event is taken as that. */
const watchListSilenceMs = 10_000
/** A watch that ends sooner than this without a word counts as failed, lest we spin. */
const shortWatchMs = 1_000
const initialEventsEnd = 'k8s.io/initial-events-end'

/**
 * Follows a collection until the signal aborts, and never gives up:
 *
 *   list (or WatchList) ─▶ watch ─▶ watch ─▶ …        a watch that ends goes on from where it was
 *        ▲                   │410                     lost history: everything is read again
 *        └───────────────────┘                        any failure: wait, longer each time, with jitter
 */
export async function runReflector<T extends KubeObject, K>(options: ReflectorOptions<T, K>): Promise<void> {
  const { clock, random, signal, sink } = options
  let hadLost = false
  const position: Position = { resourceVersion: undefined, watchList: options.watchList, failures: 0, isOpen: false }
  while (!signal.aborted) {
    const startedAt = clock.elapsed()
    position.isOpen = false
    const error = await followOnce(options, position)
    if (signal.aborted) return
    const held = position.isOpen && clock.elapsed() - startedAt >= shortWatchMs
    if (held) position.failures = 0
    if (held && !error) continue
    position.failures += 1
    const isFirstLoss = error !== undefined && isExpired(error) && !hadLost
    hadLost = error !== undefined && isExpired(error)
    if (hadLost) position.resourceVersion = undefined
    // Losing history is part of life: it is no trouble, and the first time there is nothing to wait for.
    if (isFirstLoss) continue
    if (error) sink.troubled(error)
    const asked = isKubeError(error) ? (error.retryAfterMs ?? 0) : 0
    await sleep(clock, Math.max(asked, backoffMs(position.failures, { ...retryWait, random })), signal)
  }
}

/** One list and watch, or one watch from the known position. Answers why it failed; undefined: the watch just ended. */
async function followOnce<T extends KubeObject, K>(
  options: ReflectorOptions<T, K>,
  position: Position,
): Promise<Error | undefined> {
  try {
    if (position.resourceVersion === undefined && !position.watchList) await listAll(options, position)
    await watchOn(options, position)
    return undefined
  } catch (error) {
    if (position.resourceVersion === undefined && position.watchList && isRefusal(error)) {
      position.watchList = false
      return followOnce(options, position)
    }
    if (isKubeError(error)) return error
    throw error
  }
}

/** The server does not know the parameter, or has the feature off (a field of ListOptions is then `Invalid`). */
function isRefusal(error: unknown): boolean {
  return isKubeError(error, 'Invalid') || isKubeError(error, 'BadRequest') || isKubeError(error, 'NoWatchList')
}

async function listAll<T extends KubeObject, K>(options: ReflectorOptions<T, K>, position: Position): Promise<void> {
  const { client, resource, selection, signal, sink } = options
  const list = await client.list<T>(resource, { ...selection, signal })
  const resourceVersion = list.metadata.resourceVersion ?? ''
  sink.replaced(new Map(list.items.map((object) => [keyOfObject(object), sink.taken(object)])), resourceVersion)
  position.resourceVersion = resourceVersion
}

async function watchOn<T extends KubeObject, K>(options: ReflectorOptions<T, K>, position: Position): Promise<void> {
  const { client, resource, selection, signal, random } = options
  const from = position.resourceVersion
  const initial = from === undefined ? createInitialState(options) : undefined
  const timeoutSeconds = Math.round(watchSecondsMin * (1 + random()))
  const onOpen = () => {
    initial?.watchForSilence()
    opened(options, position)
  }
  const watchSignal = initial ? AbortSignal.any([signal, initial.signal]) : signal
  try {
    const start = from === undefined ? { sendInitialEvents: true } : { resourceVersion: from }
    const watch = client.watch<T>(resource, {
      ...selection,
      ...start,
      onOpen,
      allowBookmarks: true,
      timeoutSeconds,
      signal: watchSignal,
    })
    for await (const event of watch) {
      if (event.type === 'ERROR') throw errorFromStatus(`watch ${describeTarget(resource, selection)}`, event.object)
      if (initial && !initial.isDone) initial.take(event, position)
      else take(options, position, event)
    }
  } finally {
    initial?.stop()
  }
  if (initial && !initial.isDone && !signal.aborted) throw initial.whyNotDone()
}

type PlainEvent<T extends KubeObject> = Exclude<WatchEvent<T>, { readonly type: 'ERROR' }>

function take<T extends KubeObject, K>(
  options: ReflectorOptions<T, K>,
  position: Position,
  event: PlainEvent<T>,
): void {
  const { sink } = options
  const { resourceVersion } = event.object.metadata
  if (event.type !== 'BOOKMARK') sink.changed({ type: event.type, object: event.object })
  if (resourceVersion !== undefined) {
    position.resourceVersion = resourceVersion
    sink.reached(resourceVersion)
  }
  opened(options, position)
}

function opened<T extends KubeObject, K>(options: ReflectorOptions<T, K>, position: Position): void {
  if (position.isOpen) return
  position.isOpen = true
  options.sink.troubled(undefined)
}

/** Collects WatchList's first events until the bookmark that ends them, and notices when that bookmark will never come. */
function createInitialState<T extends KubeObject, K>(options: ReflectorOptions<T, K>) {
  const { clock, resource, selection, sink } = options
  const state = new Map<string, K>()
  const silence = new AbortController()
  let events = 0
  let isDone = false
  let cancel: () => void = () => {}

  function armSilence(): () => void {
    const seen = events
    return clock.setTimeout(() => {
      if (isDone) return
      if (events === seen) silence.abort()
      else cancel = armSilence()
    }, watchListSilenceMs)
  }

  return {
    signal: silence.signal,
    get isDone() {
      return isDone
    },
    watchForSilence: () => {
      cancel = armSilence()
    },
    stop: () => cancel(),
    whyNotDone: () => {
      const what = `watch ${describeTarget(resource, selection)}`
      if (silence.signal.aborted)
        return new KubeError({ code: 'NoWatchList', message: `${what}: the server sends no initial-events-end` })
      return new KubeError({
        code: 'Unreachable',
        message: `${what}: the connection ended before the first state was in`,
      })
    },
    take: (event: PlainEvent<T>, position: Position) => {
      events += 1
      const { resourceVersion, annotations } = event.object.metadata
      if (event.type === 'DELETED') state.delete(keyOfObject(event.object))
      else if (event.type !== 'BOOKMARK') state.set(keyOfObject(event.object), sink.taken(event.object))
      if (event.type !== 'BOOKMARK' || annotations?.[initialEventsEnd] !== 'true') return
      isDone = true
      cancel()
      sink.replaced(state, resourceVersion ?? '')
      state.clear()
      position.resourceVersion = resourceVersion
      opened(options, position)
    },
  }
}
