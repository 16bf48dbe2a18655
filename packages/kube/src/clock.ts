/** Where time comes from. Everything here that waits takes one, so that a simulation owns time. */
export interface Clock {
  /** Milliseconds since the epoch. People and time services set the machine's clock: it may jump, forwards and back. */
  now(): number
  /** Milliseconds since some moment, never jumping: durations are measured with it. */
  elapsed(): number
  /** Runs `callback` once after `ms`; the answer cancels it. */
  setTimeout(callback: () => void, ms: number): () => void
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  setTimeout: (callback, ms) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}

/** Resolves after `ms`, or at once when the signal aborts (it never rejects: the caller looks at its signal). */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const finish = () => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.setTimeout(finish, ms)
    signal?.addEventListener('abort', finish, { once: true })
  })
}
