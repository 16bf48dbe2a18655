import { sleep, type Clock } from '@millrace/kube'
import type { Probe } from './pod.ts'
import type { ProbeAction } from './probe-attempt.ts'
import type { Attempt } from './attempt.ts'

export interface ProbeSettings {
  readonly initialDelayMs: number
  readonly periodMs: number
  readonly timeoutMs: number
  readonly successThreshold: number
  readonly failureThreshold: number
}

/** Kubernetes' defaults, in milliseconds. */
export function probeSettings(probe: Probe): ProbeSettings {
  return {
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,
    periodMs: Math.max(1, probe.periodSeconds ?? 10) * 1000,
    timeoutMs: Math.max(1, probe.timeoutSeconds ?? 1) * 1000,
    successThreshold: Math.max(1, probe.successThreshold ?? 1),
    failureThreshold: Math.max(1, probe.failureThreshold ?? 3),
  }
}

/** What the probe does, or undefined when it names nothing that is known. */
export function probeAction(
  probe: Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'>,
  resolve: (text: string) => string,
): ProbeAction | undefined {
  if (probe.httpGet) return { type: 'httpGet', action: probe.httpGet }
  if (probe.tcpSocket) return { type: 'tcpSocket', ...probe.tcpSocket }
  if (probe.grpc) return { type: 'grpc', port: probe.grpc.port, service: probe.grpc.service ?? '' }
  if (probe.exec) return { type: 'exec', command: (probe.exec.command ?? []).map(resolve) }
  return undefined
}

export interface ProbeLoop {
  readonly settings: ProbeSettings
  readonly clock: Clock
  readonly signal: AbortSignal
  /** While there was no success yet, try more often than the period says: a server that is up is noticed at once. */
  readonly isEager: boolean
  readonly attempt: () => Promise<Attempt>
  /** `successThreshold` in a row. Called at the first, and again after failing. */
  readonly onSuccess: () => void
  /** Every failed attempt that counts; `isOver` when `failureThreshold` in a row is reached. */
  readonly onFailure: (message: string, isOver: boolean) => void
}

const eagerFirstMs = 50
const eagerMaxMs = 1000
const eagerFactor = 1.5

/**
 * Probes until the signal aborts.
 *
 * ```
 * eager:  │initialDelay│ 50 ms, 75, 112, … ≤ 1 s, ≤ period     first success, then every period
 *                       └ failures count once per period at most
 * ```
 */
export async function runProbeLoop(loop: ProbeLoop): Promise<void> {
  const { settings, clock, signal } = loop
  const state = { successes: 0, failures: 0, isGood: false }
  const { periodMs } = settings
  let waitMs = loop.isEager ? Math.min(eagerFirstMs, periodMs) : periodMs
  await sleep(clock, settings.initialDelayMs, signal)
  // A probe comes a little early when timers do; a failure that is nearly a period after the last one counts.
  let countsFrom = loop.isEager ? clock.now() + periodMs * 0.95 : 0
  while (!signal.aborted) {
    const attempt = await loop.attempt()
    if (signal.aborted) return
    const counts = attempt.ok || clock.now() >= countsFrom
    if (!attempt.ok && counts) countsFrom = clock.now() + periodMs * 0.95
    if (counts) takeResult(loop, state, attempt)
    if (state.isGood || !loop.isEager) waitMs = periodMs
    await sleep(clock, waitMs, signal)
    waitMs = Math.min(waitMs * eagerFactor, eagerMaxMs, periodMs)
  }
}

function takeResult(
  loop: ProbeLoop,
  state: { successes: number; failures: number; isGood: boolean },
  attempt: Attempt,
): void {
  if (attempt.ok) {
    state.failures = 0
    state.successes += 1
    if (state.isGood || state.successes < loop.settings.successThreshold) return
    state.isGood = true
    loop.onSuccess()
    return
  }
  state.successes = 0
  state.failures += 1
  const isOver = state.failures >= loop.settings.failureThreshold
  if (isOver) state.isGood = false
  loop.onFailure(attempt.message, isOver)
}
