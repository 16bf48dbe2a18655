import { type Container, type ContainerStatus, isSidecar, type Pod, type PodPhase } from './pod.ts'

/**
 * The pod's phase from its containers, by the rules of the Kubernetes pod life cycle. `isOver` says that no container
 * of this pod will be started again (it is being deleted, or it ran out of time).
 */
export function podPhase(
  pod: Pod,
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
  isOver: boolean,
): PodPhase {
  const restarts = pod.spec.restartPolicy ?? 'Always'
  if (isOver) return [...plainInit(pod, init), ...main].every(hasSucceeded) && main.length > 0 ? 'Succeeded' : 'Failed'
  const failedInit = plainInit(pod, init).some((status) => (status.state.terminated?.exitCode ?? 0) !== 0)
  if (failedInit && restarts === 'Never') return 'Failed'
  if (!isInitialized(pod, init) && !main.some(hasStarted)) return 'Pending'
  if (!main.every(hasStarted)) return 'Pending'
  if (main.some((status) => !status.state.terminated) || restarts === 'Always') return 'Running'
  // A pod has not ended while one of its sidecars still has to.
  if (init.some((status) => status.state.running)) return 'Running'
  if (main.every(hasSucceeded)) return 'Succeeded'
  return restarts === 'Never' ? 'Failed' : 'Running'
}

/** True when every init container has done its work: the plain ones ended well, the sidecars have started. */
export function isInitialized(pod: Pod, init: readonly ContainerStatus[]): boolean {
  return incompleteInit(pod, init).length === 0
}

/** Names of the init containers that still hold the pod back. */
export function incompleteInit(pod: Pod, init: readonly ContainerStatus[]): string[] {
  return init
    .filter((status, index) => {
      const container = pod.spec.initContainers?.[index]
      return container && isSidecar(container) ? status.started !== true : status.state.terminated?.exitCode !== 0
    })
    .map((status) => status.name)
}

/** kubelet's quality-of-service class, from requests and limits of cpu and memory. */
export function qosClass(pod: Pod): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers: readonly Container[] = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  const names = ['cpu', 'memory'] as const
  const asksNothing = containers.every(({ resources }) =>
    names.every((name) => resources?.limits?.[name] === undefined && resources?.requests?.[name] === undefined),
  )
  if (asksNothing) return 'BestEffort'
  const isFixed = containers.every(({ resources }) =>
    names.every((name) => {
      const limit = resources?.limits?.[name]
      const request = resources?.requests?.[name] ?? limit
      return limit !== undefined && String(limit) === String(request)
    }),
  )
  return isFixed ? 'Guaranteed' : 'Burstable'
}

function plainInit(pod: Pod, init: readonly ContainerStatus[]): ContainerStatus[] {
  return init.filter((_, index) => {
    const container = pod.spec.initContainers?.[index]
    return container !== undefined && !isSidecar(container)
  })
}

function hasStarted(status: ContainerStatus): boolean {
  return Boolean(status.state.running || status.state.terminated || status.lastState.terminated)
}

function hasSucceeded(status: ContainerStatus): boolean {
  return status.state.terminated?.exitCode === 0
}
