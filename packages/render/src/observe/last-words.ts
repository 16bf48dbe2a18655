import type { KubeObject } from '@millrace/kube'
import { byAge } from './model-status.ts'
import { type ContainerStatus, containerStatuses, findFailure } from './pod-failure.ts'

/** A container that ended without a word in its status: the end of its log says why. */
export interface SilentEnd {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  /** It runs or waits again already: the log of the attempt before is meant. */
  readonly isPrevious: boolean
  /** Of this attempt alone. */
  readonly key: string
}

/** How many pods of one service are asked: the newest tell what is wrong now. */
const podsMax = 2

/** Whose logs should be read before a status is made of these pods. */
export function silentEnds(pods: readonly KubeObject[]): readonly SilentEnd[] {
  const ends = [...pods].sort(byAge).flatMap((pod) => silentEnd(pod) ?? [])
  return ends.slice(0, podsMax)
}

function silentEnd(pod: KubeObject): SilentEnd | undefined {
  const found = findFailure(pod)
  if (!found?.ended || found.ended.message || found.ended.reason === 'OOMKilled') return undefined
  const { container, isPrevious } = found
  const { name = '', namespace = '', uid = '' } = pod.metadata
  const listed = containerStatuses(pod, found.isInit ? 'initContainerStatuses' : 'containerStatuses')
  const restarts = listed.find((status) => status.name === container)?.restartCount ?? 0
  return { namespace, pod: name, container, isPrevious, key: `${uid}/${container}/${restarts}/${isPrevious}` }
}

/** The pods with what was read, as if the containers had left it in their status. */
export function withLastWords(
  pods: readonly KubeObject[],
  words: readonly { readonly end: SilentEnd; readonly text: string }[],
): readonly KubeObject[] {
  if (words.length === 0) return pods
  return pods.map((pod) => {
    const own = words.filter(({ end }) => end.pod === pod.metadata.name && end.namespace === pod.metadata.namespace)
    return own.length === 0 ? pod : { ...pod, status: own.reduce(speaking, Object(pod['status']) as object) }
  })
}

function speaking(status: object, { end, text }: { readonly end: SilentEnd; readonly text: string }): object {
  const fill = (statuses: unknown) =>
    Array.isArray(statuses) ? statuses.map((one: ContainerStatus) => filled(one, end, text)) : statuses
  const { initContainerStatuses, containerStatuses: running } = Object(status)
  return {
    ...status,
    ...(initContainerStatuses ? { initContainerStatuses: fill(initContainerStatuses) } : {}),
    ...(running ? { containerStatuses: fill(running) } : {}),
  }
}

function filled(status: ContainerStatus, end: SilentEnd, message: string): ContainerStatus {
  if (status.name !== end.container) return status
  const field = end.isPrevious ? 'lastState' : 'state'
  const state = status[field]
  return { ...status, [field]: { ...state, terminated: { ...state?.terminated, message } } }
}
