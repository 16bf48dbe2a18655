import type { Clock } from '@millrace/kube'
import type { ContainerSupervisor } from './container-supervisor.ts'
import { isSidecar } from './pod.ts'

/** The containers of one pod, in the order that Kubernetes runs and ends them. */
export interface PodContainers {
  /**
   * ```
   * init 1 ─ sidecar starts ─ init 2 ─┬─ main containers … all ended ─┐
   *            └── runs beside ───────┴───────────────────────────────┴─ sidecars end, last one first
   * ```
   * Resolves when everything has ended for good.
   */
  run(): Promise<void>
  /** Ends the main containers, then the sidecars, all within `graceMs`. A later call can only shorten the time. */
  stop(graceMs: number): void
  /** A container's status has changed. */
  notify(): void
}

export function podContainers(
  init: readonly ContainerSupervisor[],
  main: readonly ContainerSupervisor[],
  sidecarGraceMs: number,
  clock: Clock,
): PodContainers {
  const sidecars = init.filter(({ container }) => isSidecar(container))
  const sidecarRuns: Promise<void>[] = []
  let deadline = Number.POSITIVE_INFINITY
  let isStopping = false
  let isEndingSidecars = false
  const waiters = new Set<() => void>()

  /** Resolves as soon as the sidecar has started, or the pod is being stopped. */
  function sidecarStarted(sidecar: ContainerSupervisor): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!isStopping && !sidecar.status.started) return
        waiters.delete(check)
        resolve()
      }
      waiters.add(check)
      check()
    })
  }

  async function runInit(): Promise<boolean> {
    for (const container of init) {
      if (isStopping) return false
      if (isSidecar(container.container)) {
        sidecarRuns.push(container.run())
        await sidecarStarted(container)
        continue
      }
      await container.run()
      if (container.status.state.terminated?.exitCode !== 0) return false
    }
    return !isStopping
  }

  async function endSidecars(): Promise<void> {
    isEndingSidecars = true
    for (const [index, sidecar] of [...sidecars.entries()].toReversed()) {
      sidecar.stop(Math.min(sidecarGraceMs, Math.max(0, deadline - clock.now())))
      await sidecarRuns[index]
    }
  }

  function notify(): void {
    for (const check of waiters) check()
  }

  return {
    async run() {
      if (await runInit()) await Promise.all(main.map((container) => container.run()))
      await endSidecars()
    },
    stop(graceMs) {
      isStopping = true
      deadline = Math.min(deadline, clock.now() + graceMs)
      for (const container of [...main, ...init.filter(({ container }) => !isSidecar(container))])
        container.stop(graceMs)
      if (isEndingSidecars) for (const sidecar of sidecars) sidecar.stop(graceMs)
      notify()
    },
    notify,
  }
}
