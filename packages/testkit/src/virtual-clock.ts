/** Time that a test owns: nothing happens until it is advanced, and timers fire in order of their due time. */
export interface VirtualClock {
  now(): number
  /** The same time, as that which no jump of a machine's clock touches. */
  elapsed(): number
  setTimeout(callback: () => void, ms: number): () => void
  /** Moves time on by `ms`, firing what falls due; promises that a timer settles run before the next timer fires. */
  advance(ms: number): Promise<void>
  /** Timers that wait. */
  readonly pending: number
}

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

export interface VirtualClockOptions {
  readonly startMs?: number
  /** True while something is under way that needs no time but real turns of the event loop: time stands still then. */
  readonly isBusy?: () => boolean
}

/** A busy part that never ends is a mistake of the test, and is told as one. */
const busyTurnsMax = 1_000_000

export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const { startMs = Date.UTC(2026, 0, 1), isBusy = () => false } = options
  let nowMs = startMs
  const timers = new Set<Timer>()
  const next = (untilMs: number): Timer | undefined => {
    let first: Timer | undefined
    // Timers lie in the order in which they were set: of two that fall due together, the earlier one stays.
    for (const timer of timers) if (timer.dueMs <= (first ? first.dueMs - 1 : untilMs)) first = timer
    return first
  }
  return {
    now: () => nowMs,
    elapsed: () => nowMs,
    setTimeout(callback, ms) {
      const timer: Timer = { dueMs: nowMs + Math.max(0, ms), callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async advance(ms) {
      const untilMs = nowMs + ms
      await settle(isBusy)
      for (let timer = next(untilMs); timer; timer = next(untilMs)) {
        timers.delete(timer)
        nowMs = Math.max(nowMs, timer.dueMs)
        timer.callback()
        await settle(isBusy)
      }
      nowMs = untilMs
    },
    get pending() {
      return timers.size
    },
  }
}

/** Lets everything that is ready to run, run: microtasks and turns of the event loop, three of them with nobody busy. */
async function settle(isBusy: () => boolean): Promise<void> {
  let quiet = 0
  for (let turn = 0; quiet < 3; turn++) {
    if (turn > busyTurnsMax) throw new Error('time stands still: something is busy and never ends')
    await new Promise<void>((resolve) => setImmediate(resolve))
    quiet = isBusy() ? 0 : quiet + 1
  }
}
