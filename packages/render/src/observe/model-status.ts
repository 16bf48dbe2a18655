import type { InferenceServiceStatus, ModelState } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { Problem } from '../decision.ts'
import { containerNames } from '../keys.ts'

export type ModelStatus = NonNullable<InferenceServiceStatus['modelStatus']>
type Failure = NonNullable<ModelStatus['lastFailureInfo']>

interface Termination {
  readonly reason?: string
  readonly message?: string
  readonly exitCode?: number
  readonly finishedAt?: string
}

interface ContainerStatus {
  readonly name: string
  readonly ready?: boolean
  readonly restartCount?: number
  readonly state?: {
    readonly running?: object
    readonly waiting?: { readonly reason?: string; readonly message?: string }
    readonly terminated?: Termination
  }
  readonly lastState?: { readonly terminated?: Termination }
}

/** Longest part of a log that goes into a status; the end is kept, because it says what happened. */
const messageCharsMax = 2048
/** Reasons for which a container waits that will not go away by waiting. */
const waitingFailures = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
])

export interface ModelInput {
  readonly pods: readonly KubeObject[]
  readonly isReady: boolean
  /** What runs has failed for good, whatever the pods say (a Knative revision). */
  readonly hasFailed: boolean
  readonly previous: ModelStatus | undefined
}

/** How loading goes, from the newest pod of the predictor. */
export function modelStatus(input: ModelInput): ModelStatus {
  const { pods, previous } = input
  const newest = [...pods].sort(byAge)[0]
  const failure = newest && podFailure(newest)
  const active = previous?.states?.activeModelState ?? ''
  const target = targetState(input, newest, failure, active)
  const readyCopies = pods.filter(isPodReady).length
  const failed = pods.filter((pod) => podFailure(pod) !== undefined).length
  // A failure without a place was the spec's, which is accepted by now.
  const remembered = previous?.lastFailureInfo?.location === undefined ? undefined : previous.lastFailureInfo
  const lastFailureInfo = failure ?? (target === 'Loaded' ? undefined : remembered)
  return {
    transitionStatus:
      target === 'Loaded' ? 'UpToDate' : target === 'FailedToLoad' ? 'BlockedByFailedLoad' : 'InProgress',
    states: { activeModelState: target === 'Loaded' ? 'Loaded' : active, targetModelState: target },
    copies: { failedCopies: failed, ...(readyCopies > 0 ? { totalCopies: readyCopies } : {}) },
    ...(lastFailureInfo ? { lastFailureInfo } : {}),
  }
}

/** The spec cannot be served as it stands. What is loaded stays loaded. */
export function refusedModelStatus(problem: Problem, previous: ModelStatus | undefined): ModelStatus {
  const known = ['RuntimeNotRecognized', 'RuntimeDisabled', 'NoSupportingRuntime', 'RuntimeUnhealthy'] as const
  const reason = known.find((candidate) => candidate === problem.reason) ?? 'InvalidPredictorSpec'
  return {
    transitionStatus: 'InvalidSpec',
    states: { activeModelState: previous?.states?.activeModelState ?? '', targetModelState: 'FailedToLoad' },
    lastFailureInfo: { reason, message: problem.message },
  }
}

function targetState(
  input: ModelInput,
  newest: KubeObject | undefined,
  failure: Failure | undefined,
  active: ModelState,
): ModelState {
  if (!newest) {
    if (input.hasFailed) return 'FailedToLoad'
    return input.isReady && active === 'Loaded' ? 'Loaded' : 'Pending'
  }
  if (failure) return 'FailedToLoad'
  const initializer = statuses(newest, 'initContainerStatuses').find(
    ({ name }) => name === containerNames.storageInitializer,
  )
  if (initializer?.state?.running) return 'Loading'
  return input.isReady ? 'Loaded' : 'Pending'
}

function byAge(a: KubeObject, b: KubeObject): number {
  const [first, second] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  if (first !== second) return first > second ? -1 : 1
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}

function isPodReady(pod: KubeObject): boolean {
  const status = Object(pod['status'])
  const conditions: unknown = status.conditions
  if (status.phase !== 'Running' || !Array.isArray(conditions)) return false
  return conditions.some(
    (condition: unknown) => Object(condition).type === 'Ready' && Object(condition).status === 'True',
  )
}

function statuses(pod: KubeObject, field: 'containerStatuses' | 'initContainerStatuses'): readonly ContainerStatus[] {
  const listed: unknown = Object(pod['status'])[field]
  return Array.isArray(listed) ? (listed as readonly ContainerStatus[]) : []
}

/** Why a pod cannot serve: its download, its image, its memory or its server. Undefined: nothing failed that it shows. */
export function podFailure(pod: KubeObject): Failure | undefined {
  const location = pod.metadata.name ?? ''
  for (const status of statuses(pod, 'initContainerStatuses')) {
    const failure = containerFailure(status, location)
    if (failure) return failure
  }
  const servers: readonly string[] = [containerNames.server, containerNames.worker, containerNames.transformer]
  for (const status of statuses(pod, 'containerStatuses')) {
    const failure = servers.includes(status.name) ? containerFailure(status, location) : undefined
    if (failure) return failure
  }
  return undefined
}

function containerFailure(status: ContainerStatus, location: string): Failure | undefined {
  const { state, lastState } = status
  const waiting = state?.waiting
  if (waiting?.reason && waitingFailures.has(waiting.reason)) {
    return {
      location,
      reason: 'RuntimeUnhealthy',
      message: `${status.name}: ${waiting.reason}${waiting.message ? `: ${tail(waiting.message)}` : ''}`,
    }
  }
  const terminated = state?.terminated
  if (terminated && isFailure(terminated)) return terminationFailure(terminated, location)
  const before = lastState?.terminated
  const isLooping = waiting?.reason === 'CrashLoopBackOff' || (state?.running && !status.ready)
  return isLooping && before && isFailure(before) ? terminationFailure(before, location) : undefined
}

function isFailure(terminated: Termination): boolean {
  return terminated.reason === 'Error' || terminated.reason === 'OOMKilled' || (terminated.exitCode ?? 0) !== 0
}

function terminationFailure(terminated: Termination, location: string): Failure {
  const said = tail(terminated.message ?? '')
  const isOutOfMemory = terminated.reason === 'OOMKilled'
  const message = isOutOfMemory
    ? `The container used more memory than its limit and was killed: raise resources.limits.memory.${said ? ` It last said: ${said}` : ''}`
    : said
  return {
    location,
    reason: 'ModelLoadFailed',
    ...(message ? { message } : {}),
    ...(terminated.exitCode === undefined ? {} : { exitCode: terminated.exitCode }),
    ...(terminated.finishedAt ? { time: terminated.finishedAt } : {}),
  }
}

function tail(text: string): string {
  const trimmed = text.trim()
  return trimmed.length <= messageCharsMax ? trimmed : `…${trimmed.slice(-messageCharsMax)}`
}
