import type { Clock } from '@millrace/kube'
import { runHook } from './lifecycle-hook.ts'
import type { Probe } from './pod.ts'
import { attemptProbe, type ProbeTarget } from './probe-attempt.ts'
import { probeAction, probeSettings, runProbeLoop } from './probe-loop.ts'

export interface ContainerHealth {
  readonly target: ProbeTarget
  readonly resolveText: (text: string) => string
  readonly clock: Clock
  /** Aborts when the program has ended. */
  readonly signal: AbortSignal
  readonly onStarted: () => void
  readonly onReady: (isReady: boolean) => void
  /** The container has to be ended: why, and the probe that says so, if it was one. */
  readonly onHopeless: (why: string, probe?: Probe) => void
  readonly onEvent: (type: 'Normal' | 'Warning', reason: string, message: string) => void
}

/**
 * The order of the pod life cycle, until the program ends:
 *
 * ```
 * postStart ─ startup probe ─ started ─┬─ readiness probe … ready, not ready, ready
 *                                      └─ liveness probe … hopeless
 * ```
 */
export async function superviseHealth(health: ContainerHealth): Promise<void> {
  const { container } = health.target
  const { startupProbe, readinessProbe, livenessProbe, lifecycle } = container
  if (lifecycle?.postStart) {
    const failure = await runHook(lifecycle.postStart, health.target, health.resolveText, health)
    if (failure !== undefined && !health.signal.aborted) {
      health.onEvent('Warning', 'FailedPostStartHook', failure)
      return health.onHopeless('its postStart hook failed')
    }
  }
  if (startupProbe && !(await passesStartup(startupProbe, health))) return
  if (health.signal.aborted) return
  health.onStarted()
  if (readinessProbe) {
    const onChange = { onSuccess: () => health.onReady(true), onOver: () => health.onReady(false) }
    void probeUntilEnd('readiness', readinessProbe, health, health.signal, { isEager: true, ...onChange })
  } else health.onReady(true)
  if (livenessProbe) {
    const onOver = () => health.onHopeless('its liveness probe failed', livenessProbe)
    void probeUntilEnd('liveness', livenessProbe, health, health.signal, {
      isEager: false,
      onSuccess: () => {},
      onOver,
    })
  }
}

async function passesStartup(probe: Probe, health: ContainerHealth): Promise<boolean> {
  const decided = new AbortController()
  const end = () => decided.abort()
  health.signal.addEventListener('abort', end, { once: true })
  let hasPassed = false
  await probeUntilEnd('startup', probe, health, decided.signal, {
    isEager: true,
    onSuccess: () => {
      hasPassed = true
      end()
    },
    onOver: () => {
      health.onHopeless('its startup probe failed', probe)
      end()
    },
  })
  health.signal.removeEventListener('abort', end)
  return hasPassed
}

async function probeUntilEnd(
  kind: string,
  probe: Probe,
  health: ContainerHealth,
  signal: AbortSignal,
  handlers: { readonly isEager: boolean; readonly onSuccess: () => void; readonly onOver: () => void },
): Promise<void> {
  const action = probeAction(probe, health.resolveText)
  // The API server lets no probe without an action through; treating one as passed keeps the container usable.
  if (!action) return handlers.onSuccess()
  const settings = probeSettings(probe)
  await runProbeLoop({
    settings,
    clock: health.clock,
    signal,
    isEager: handlers.isEager,
    attempt: () => attemptProbe(action, health.target, settings.timeoutMs),
    onSuccess: () => {
      if (!signal.aborted) handlers.onSuccess()
    },
    onFailure: (message, isOver) => {
      health.onEvent('Warning', 'Unhealthy', `${kind} probe of ${health.target.container.name} failed: ${message}`)
      if (isOver && !signal.aborted) handlers.onOver()
    },
  })
}
