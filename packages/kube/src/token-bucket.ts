import { type Clock, sleep } from './clock.ts'

export interface TokenBucket {
  /** Resolves when one may go. Callers go in the order in which they came; an abort gives the turn back. */
  take(signal?: AbortSignal): Promise<void>
}

/** At most `perSecond` in the long run and `burst` at once. */
export function createTokenBucket(options: {
  readonly perSecond: number
  readonly burst: number
  readonly clock: Clock
}): TokenBucket {
  const { perSecond, burst, clock } = options
  let tokens = burst
  let filledAt = clock.elapsed()
  return {
    take: async (signal) => {
      const now = clock.elapsed()
      tokens = Math.min(burst, tokens + (Math.max(0, now - filledAt) / 1000) * perSecond)
      filledAt = now
      tokens -= 1
      if (tokens >= 0) return
      await sleep(clock, (-tokens / perSecond) * 1000, signal)
      if (signal?.aborted) tokens += 1
    },
  }
}
