import { createHistory, type HistoryLimits } from './history.ts'
import { createOrderedIndex, lowerBound, type OrderedIndex } from './ordered-index.ts'
import type { Recovered } from './recovery.ts'
import {
  type Entry,
  type ListRange,
  type ListResult,
  StoreError,
  type StoreEvent,
  type WatchHandle,
  type WatchListener,
} from './store.ts'

/** The durable state in memory: what reads see. Changes only through `apply`. */
export interface StoreState {
  readonly revision: number
  /** Sum of the lengths of all values. */
  readonly valueBytes: number
  get(bucket: string, key: string): Entry | undefined
  count(bucket: string): number
  list(bucket: string, range?: ListRange): ListResult
  watch(bucket: string, revision: number, listener: WatchListener): WatchHandle
  apply(event: StoreEvent): void
  allEntries(): readonly Entry[]
}

export function createState(recovered: Recovered, limits: HistoryLimits): StoreState {
  const indexes = new Map<string, OrderedIndex>()
  const listeners = new Map<string, Set<WatchListener>>()
  const history = createHistory(recovered.snapshotRevision, limits)
  let revision = recovered.snapshotRevision
  let valueBytes = 0

  function indexOf(bucket: string): OrderedIndex {
    const existing = indexes.get(bucket)
    if (existing) return existing
    const made = createOrderedIndex()
    indexes.set(bucket, made)
    return made
  }

  function apply(event: StoreEvent): void {
    const { entry, previous } = event
    const index = indexOf(entry.bucket)
    valueBytes -= previous?.value.length ?? 0
    if (event.type === 'DELETED') {
      index.delete(entry.key)
    } else {
      index.put(entry)
      valueBytes += entry.value.length
    }
    revision = event.revision
    history.append(event)
    for (const listener of listeners.get(entry.bucket) ?? []) listener(event)
  }

  for (const { bucket, key, value, revision: entryRevision } of recovered.entries) {
    indexOf(bucket).put({ bucket: internedBucket(bucket), key, value, revision: entryRevision })
    valueBytes += value.length
  }
  for (const { operation, bucket, key, value, revision: writeRevision } of recovered.writes) {
    const previous = indexOf(bucket).get(key)
    const type = operation === 'delete' ? 'DELETED' : previous ? 'MODIFIED' : 'ADDED'
    const entry = { bucket: internedBucket(bucket), key, value, revision: writeRevision }
    apply({ type, revision: writeRevision, entry, previous })
  }

  /** One string for all entries of a bucket. */
  function internedBucket(bucket: string): string {
    for (const known of indexes.keys()) if (known === bucket) return known
    return bucket
  }

  function list(bucket: string, range: ListRange = {}): ListResult {
    const at = range.revision ?? revision
    if (at > revision) throw new StoreError('FutureRevision', `revision ${at} is ahead of the present one, ${revision}`)
    const index = indexOf(bucket)
    const then = at < revision ? history.undo(bucket, at) : undefined
    const keys = then && then.size > 0 ? keysThen(index, then) : index.keys()
    const prefix = range.prefix ?? ''
    const start =
      range.after !== undefined && range.after >= prefix ? upperBound(keys, range.after) : lowerBound(keys, prefix)
    const end = prefix === '' ? keys.length : lowerBound(keys, `${prefix}\uffff`)
    const stop = range.limit ? Math.min(end, start + range.limit) : end
    const entries: Entry[] = []
    for (let position = start; position < stop; position++) {
      const key = keys[position] ?? ''
      const entry = then?.has(key) ? then.get(key) : index.get(key)
      if (entry) entries.push(entry)
    }
    return { entries, revision: at, remaining: Math.max(0, end - stop) }
  }

  return {
    get revision() {
      return revision
    },
    get valueBytes() {
      return valueBytes
    },
    get: (bucket, key) => indexes.get(bucket)?.get(key),
    count: (bucket) => indexes.get(bucket)?.size ?? 0,
    list,
    apply,
    watch: (bucket, after, listener) => {
      if (after > revision) {
        throw new StoreError('FutureRevision', `revision ${after} is ahead of the present one, ${revision}`)
      }
      for (const event of after < revision ? history.after(bucket, after) : []) listener(event)
      const set = listeners.get(bucket) ?? new Set()
      listeners.set(bucket, set)
      set.add(listener)
      return { close: () => void set.delete(listener) }
    },
    allEntries: () => [...indexes.values()].flatMap((index) => index.keys().flatMap((key) => index.get(key) ?? [])),
  }
}

function upperBound(keys: readonly string[], key: string): number {
  const position = lowerBound(keys, key)
  return keys[position] === key ? position + 1 : position
}

function keysThen(index: OrderedIndex, then: ReadonlyMap<string, Entry | undefined>): readonly string[] {
  const added = [...then.keys()].filter((key) => !index.get(key))
  const kept = index.keys().filter((key) => !then.has(key) || then.get(key))
  return [...kept, ...added.filter((key) => then.get(key))].sort()
}
