import { type Entry, StoreError, type StoreEvent } from './store.ts'

/** The newest events, bounded by number and by bytes of JSON, for watches that resume and lists of a past revision. */
export interface History {
  /** Events after this revision are complete. */
  readonly compactedRevision: number
  append(event: StoreEvent): void
  /** Events of the bucket after the revision, oldest first. Throws `Compacted`. */
  after(bucket: string, revision: number): readonly StoreEvent[]
  /** What differed at that revision from now: key → the entry then. Throws `Compacted`. */
  undo(bucket: string, revision: number): ReadonlyMap<string, Entry | undefined>
}

export interface HistoryLimits {
  readonly eventsMax: number
  readonly bytesMax: number
}

export function createHistory(startRevision: number, limits: HistoryLimits): History {
  let events: StoreEvent[] = []
  let first = 0
  let bytes = 0
  let compactedRevision = startRevision

  function dropOldest(): void {
    const oldest = events[first]
    if (!oldest) return
    first++
    bytes -= oldest.entry.value.length
    compactedRevision = oldest.revision
    if (first > 1024 && first * 2 > events.length) {
      events = events.slice(first)
      first = 0
    }
  }

  function indexAfter(revision: number): number {
    if (revision < compactedRevision) {
      throw new StoreError('Compacted', `revision ${revision} is older than the kept history (${compactedRevision})`)
    }
    let low = first
    let high = events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const event = events[middle]
      if (event && event.revision <= revision) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    get compactedRevision() {
      return compactedRevision
    },
    append: (event) => {
      events.push(event)
      bytes += event.entry.value.length
      while (events.length - first > limits.eventsMax || bytes > limits.bytesMax) dropOldest()
    },
    after: (bucket, revision) => events.slice(indexAfter(revision)).filter((event) => event.entry.bucket === bucket),
    undo: (bucket, revision) => {
      const start = indexAfter(revision)
      const then = new Map<string, Entry | undefined>()
      for (let at = events.length - 1; at >= start; at--) {
        const event = events[at]
        if (event?.entry.bucket === bucket) then.set(event.entry.key, event.previous)
      }
      return then
    },
  }
}
