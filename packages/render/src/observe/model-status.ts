import type { InferenceServiceStatus, ModelState } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { Problem } from '../decision.ts'
import { containerNames } from '../keys.ts'
import { containerStatuses, type Failure, podFailure } from './pod-failure.ts'

export type ModelStatus = NonNullable<InferenceServiceStatus['modelStatus']>

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
  const initializer = containerStatuses(newest, 'initContainerStatuses').find(
    ({ name }) => name === containerNames.storageInitializer,
  )
  if (initializer?.state?.running) return 'Loading'
  return input.isReady ? 'Loaded' : 'Pending'
}

/** Newest first. */
export function byAge(a: KubeObject, b: KubeObject): number {
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
