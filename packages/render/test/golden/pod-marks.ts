import type { KubeObject } from '@millrace/kube'

/** A container ended badly, waits for what will not come by waiting, or has ended badly before and does not serve yet. */
export function isFailing(pod: KubeObject): boolean {
  const { containerStatuses = [], initContainerStatuses = [] } = Object(pod['status'])
  return [...containerStatuses, ...initContainerStatuses].some((status: unknown) => {
    const { state, lastState, ready } = Object(status)
    const ended = [state?.terminated, ready ? undefined : lastState?.terminated]
    return ended.some((end) => end?.exitCode > 0) || /Err|BackOff|InvalidImageName/.test(String(state?.waiting?.reason))
  })
}

/** Its download failed, and runs again. */
export function isRetrying(pod: KubeObject): boolean {
  const { initContainerStatuses = [] } = Object(pod['status'])
  return initContainerStatuses.some((status: unknown) => {
    const { state, lastState } = Object(status)
    return state?.running && lastState?.terminated
  })
}
