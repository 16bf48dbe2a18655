import type { Entry } from './store.ts'

/** The present entries of one bucket, by key and in key order. */
export interface OrderedIndex {
  readonly size: number
  get(key: string): Entry | undefined
  put(entry: Entry): void
  delete(key: string): void
  /** Keys in order. Valid until the next change. */
  keys(): readonly string[]
  entries(): Iterable<Entry>
}

/** A hash map plus a sorted array: an insertion moves memory, which is cheap up to some hundred thousand keys. */
export function createOrderedIndex(): OrderedIndex {
  const entries = new Map<string, Entry>()
  const sorted: string[] = []
  return {
    get size() {
      return entries.size
    },
    get: (key) => entries.get(key),
    put: (entry) => {
      if (!entries.has(entry.key)) {
        const last = sorted.at(-1)
        if (last === undefined || last < entry.key) sorted.push(entry.key)
        else sorted.splice(lowerBound(sorted, entry.key), 0, entry.key)
      }
      entries.set(entry.key, entry)
    },
    delete: (key) => {
      if (entries.delete(key)) sorted.splice(lowerBound(sorted, key), 1)
    },
    keys: () => sorted,
    entries: () => entries.values(),
  }
}

/** The first position whose key is not less than `key`. */
export function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const candidate = sorted[middle]
    if (candidate !== undefined && candidate < key) low = middle + 1
    else high = middle
  }
  return low
}
