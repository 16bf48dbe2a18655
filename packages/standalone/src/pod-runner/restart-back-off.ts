export interface RestartBackOffLimits {
  readonly firstMs: number
  readonly maxMs: number
  /** A container that ran this long starts again without delay. */
  readonly resetAfterMs: number
}

export interface RestartPlan {
  /** How long this restart has to wait. */
  readonly waitMs: number
  /** What to pass as `delayMs` when the container comes down again. */
  readonly nextDelayMs: number
}

/**
 * Kubelet's CrashLoopBackOff: the first restart is immediate, then the wait doubles from `firstMs` to `maxMs`.
 *
 * ```
 * start ─ crash ─ start ─ crash ─10s─ start ─ crash ─20s─ start … 5 min
 * ```
 *
 * `delayMs` is the answer of the time before, 0 at first; `ranMs` how long the container ran this time.
 */
export function planRestart(delayMs: number, ranMs: number, limits: RestartBackOffLimits): RestartPlan {
  if (delayMs === 0 || ranMs >= limits.resetAfterMs) return { waitMs: 0, nextDelayMs: limits.firstMs }
  return { waitMs: delayMs, nextDelayMs: Math.min(delayMs * 2, limits.maxMs) }
}
