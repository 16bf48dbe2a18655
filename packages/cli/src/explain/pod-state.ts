import type { KubeObject } from '@millrace/kube'

/** How a pod is, in a few words: its phase, what a container waits for, and how often containers began again. */
export function podState(pod: KubeObject): string {
  const status = pod.status as
    | {
        readonly phase?: string
        readonly containerStatuses?: readonly ContainerStatus[]
        readonly initContainerStatuses?: readonly ContainerStatus[]
      }
    | undefined
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const waiting = containers.find(
    (container) => container.state?.waiting?.message ?? container.state?.waiting?.reason === 'CrashLoopBackOff',
  )
  const detail = waiting?.state?.waiting
  const restarts = containers.reduce((sum, container) => sum + (container.restartCount ?? 0), 0)
  return [
    status?.phase ?? 'Pending',
    detail ? `${waiting?.name}: ${[detail.reason, detail.message].filter(Boolean).join(': ')}` : '',
    restarts > 0 ? `${restarts} restarts` : '',
  ]
    .filter(Boolean)
    .join(', ')
}

interface ContainerStatus {
  readonly name: string
  readonly restartCount?: number
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } }
}
