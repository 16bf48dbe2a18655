import { performance } from 'node:perf_hooks'

const lookEveryMs = 2000
/** Share of the time in which the event loop had work to do. */
const idleBelow = 0.1

/**
 * Gives back, once, what the start needed and the running platform doesn't: the first time that there is next to nothing to
 * do. V8 does it by itself after some minutes; until then it is a fifth of the platform's memory. It takes a tenth of a
 * second or two, which is why it waits for a quiet moment. Needs `--expose-gc`, and does nothing without. The answer ends it.
 */
export function releaseStartMemory(): () => void {
  let last = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    if (utilization > idleBelow) return
    clearInterval(timer)
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, lookEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}
