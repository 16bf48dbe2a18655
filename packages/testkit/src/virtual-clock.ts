/** Time that a test owns: nothing happens until it is advanced, and timers fire in order of their due time. */
export interface VirtualClock {
  now(): number
  setTimeout(callback: () => void, ms: number): () => void
  /** Moves time on by `ms`, firing what falls due; promises that a timer settles run before the next timer fires. */
  advance(ms: number): Promise<void>
  /** Timers that wait. */
  readonly pending: number
}

interface Timer {
  readonly dueMs: number
  readonly order: number
  readonly callback: () => void
}

export function createVirtualClock(startMs = Date.UTC(2026, 0, 1)): VirtualClock {
  let nowMs = startMs
  let order = 0
  const timers = new Set<Timer>()
  const next = (untilMs: number): Timer | undefined =>
    [...timers].filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0]
  return {
    now: () => nowMs,
    setTimeout(callback, ms) {
      const timer: Timer = { dueMs: nowMs + Math.max(0, ms), order: order++, callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async advance(ms) {
      const untilMs = nowMs + ms
      await settle()
      for (let timer = next(untilMs); timer; timer = next(untilMs)) {
        timers.delete(timer)
        nowMs = Math.max(nowMs, timer.dueMs)
        timer.callback()
        await settle()
      }
      nowMs = untilMs
    },
    get pending() {
      return timers.size
    },
  }
}

/** Lets everything that is ready to run, run: microtasks and a turn of the event loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
