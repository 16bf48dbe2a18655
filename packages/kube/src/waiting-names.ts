/** As in controller-runtime's priority queue: what came of itself goes before what a start or a resync brings. */
export type Priority = 'normal' | 'low'

/** Names in the order in which they are to be worked on, each once. */
export interface WaitingNames {
  readonly size: number
  /** Those of normal priority. */
  readonly pressing: number
  /** False when it waits already, as soon as that or sooner. */
  add(key: string, priority: Priority, sinceMs: number): boolean
  /** The next, with since when it waits. */
  take(): readonly [key: string, sinceMs: number] | undefined
  clear(): void
}

/** One in so many is of low priority though others press, so that none waits for ever. */
const lowShare = 8

export function createWaitingNames(): WaitingNames {
  const normal = new Map<string, number>()
  const low = new Map<string, number>()
  let taken = 0

  return {
    get size() {
      return normal.size + low.size
    },
    get pressing() {
      return normal.size
    },
    add: (key, priority, sinceMs) => {
      const lowSinceMs = low.get(key)
      if (normal.has(key) || (priority === 'low' && lowSinceMs !== undefined)) return false
      low.delete(key)
      const names = priority === 'low' ? low : normal
      names.set(key, lowSinceMs ?? sinceMs)
      return true
    },
    take: () => {
      const isTurnOfLow = normal.size === 0 || (low.size > 0 && taken % lowShare === lowShare - 1)
      const names = isTurnOfLow ? low : normal
      const next = names.entries().next()
      if (next.done) return undefined
      taken += 1
      names.delete(next.value[0])
      return next.value
    },
    clear: () => {
      normal.clear()
      low.clear()
    },
  }
}
