import { createHash } from 'node:crypto'
import type { Client } from './client.ts'
import { type Clock, systemClock } from './clock.ts'
import { isKubeError } from './errors.ts'
import { resources } from './known-resources.ts'
import { type Log, silentLog } from './log.ts'
import type { KubeObject } from './wire.ts'

export interface EventContent {
  readonly type: 'Normal' | 'Warning'
  /** CamelCase, stable: tools filter by it. */
  readonly reason: string
  /** One sentence for a person. */
  readonly message: string
}

/** Tells people about an object, in its Events. Never waits and never fails its caller: events are news, not state. */
export interface EventRecorder {
  record(about: KubeObject, event: EventContent): void
  /** Resolves when everything recorded so far was written or given up. */
  flush(): Promise<void>
  close(): Promise<void>
}

export interface EventRecorderOptions {
  readonly client: Client
  /** `source.component`: who says it. */
  readonly component: string
  readonly clock?: Clock
  readonly log?: Log
}

/** The same news of an object within this time is one Event with a count, as in client-go. */
const sameEventMs = 10 * 60_000
const rememberedMax = 4096
const waitingMax = 1000
const messageCharactersMax = 1024
/** Per object: this many at once, then one in five minutes. An object that is in trouble must not drown the others' news. */
const burstMax = 25
const refillMs = 5 * 60_000

interface Remembered {
  readonly namespace: string
  readonly name: string
  readonly at: number
  count: number
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, component, clock = systemClock, log = silentLog } = options
  const remembered = new Map<string, Remembered>()
  const budgets = new Map<string, { tokens: number; at: number }>()
  const abort = new AbortController()
  let waiting = 0
  let chain: Promise<void> = Promise.resolve()

  const mayTell = (about: KubeObject): boolean => {
    const key = about.metadata.uid ?? about.metadata.name ?? ''
    const now = clock.elapsed()
    const budget = budgets.get(key) ?? { tokens: burstMax, at: now }
    const tokens = Math.min(burstMax, budget.tokens + (now - budget.at) / refillMs)
    budgets.delete(key)
    budgets.set(key, { tokens: Math.max(0, tokens - 1), at: now })
    dropOldest(budgets)
    return tokens >= 1
  }

  const write = async (about: KubeObject, event: EventContent): Promise<void> => {
    const key = digest([
      about.metadata.uid,
      about.kind,
      about.metadata.namespace,
      about.metadata.name,
      event.type,
      event.reason,
      event.message,
    ])
    const now = clock.now()
    const known = remembered.get(key)
    if (known && clock.elapsed() - known.at < sameEventMs) {
      known.count += 1
      const body = { count: known.count, lastTimestamp: wholeSeconds(now) }
      const repeated = await client
        .patch(resources.events, known, 'merge', body, { signal: abort.signal })
        .then(() => true)
        .catch((error: unknown) => {
          if (isKubeError(error, 'NotFound')) return false // the server forgets events after an hour
          throw error
        })
      if (repeated) return
    }
    const fresh = newEvent(about, event, component, now, key)
    await client.create(resources.events, fresh, { signal: abort.signal })
    remembered.delete(key)
    remembered.set(key, {
      namespace: fresh.metadata.namespace ?? '',
      name: fresh.metadata.name ?? '',
      at: clock.elapsed(),
      count: 1,
    })
    dropOldest(remembered)
  }

  return {
    record: (about, event) => {
      if (abort.signal.aborted || waiting >= waitingMax || !mayTell(about)) return
      waiting += 1
      chain = chain.then(async () => {
        try {
          await write(about, event)
        } catch (error) {
          if (!isKubeError(error)) throw error
          // A namespace that is going away takes no events: that is no news.
          if (!abort.signal.aborted && error.code !== 'NotFound' && error.code !== 'Forbidden') {
            log.warn('An event was not written', { reason: event.reason, error: error.message })
          }
        } finally {
          waiting -= 1
        }
      })
    },
    flush: () => chain,
    close: async () => {
      abort.abort()
      await chain
    },
  }

  function dropOldest(map: Map<string, unknown>): void {
    const oldest = map.size > rememberedMax ? map.keys().next().value : undefined
    if (oldest !== undefined) map.delete(oldest)
  }
}

function newEvent(about: KubeObject, event: EventContent, component: string, now: number, key: string): KubeObject {
  const { name = '', namespace = 'default', uid, resourceVersion } = about.metadata
  const { type, reason, message } = event
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, 220)}.${now.toString(16)}${key.slice(0, 8)}`, namespace },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name,
      ...(about.metadata.namespace !== undefined && { namespace: about.metadata.namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    type,
    reason,
    message: message.length > messageCharactersMax ? `${message.slice(0, messageCharactersMax - 1)}…` : message,
    source: { component },
    reportingComponent: component,
    reportingInstance: '',
    firstTimestamp: wholeSeconds(now),
    lastTimestamp: wholeSeconds(now),
    count: 1,
  }
}

function digest(parts: readonly (string | undefined)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function wholeSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
