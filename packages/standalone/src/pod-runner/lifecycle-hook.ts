import { type Clock, sleep } from '@millrace/kube'
import type { LifecycleHandler } from './pod.ts'
import { attemptProbe, type ProbeTarget } from './probe-attempt.ts'
import { probeAction } from './probe-loop.ts'

export interface HookTiming {
  readonly clock: Clock
  /** Absent: until the signal aborts. */
  readonly timeoutMs?: number
  readonly signal: AbortSignal
}

/** Runs a postStart or preStop hook to its end. Answers with what went wrong, if something did. */
export async function runHook(
  handler: LifecycleHandler,
  target: ProbeTarget,
  resolveText: (text: string) => string,
  { clock, timeoutMs = 2 ** 31 - 1, signal }: HookTiming,
): Promise<string | undefined> {
  if (handler.sleep) {
    await sleep(clock, Math.min(handler.sleep.seconds * 1000, timeoutMs), signal)
    return undefined
  }
  const action = probeAction(handler, resolveText)
  if (!action) return 'the hook names no exec, httpGet, tcpSocket or sleep.'
  const result = await attemptProbe(action, target, timeoutMs, signal)
  return result.ok ? undefined : result.message
}
