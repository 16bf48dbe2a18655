import { type Condition, type Deployment, type DeploymentStatus, type ReplicaSet, withCondition } from './apps.ts'
import { nameOf, total } from './revision-sets.ts'
import { rollingLimits } from './rolling-limits.ts'

export interface DeploymentInput {
  readonly deployment: Deployment
  /** ReplicaSets controlled by it. */
  readonly replicaSets: readonly ReplicaSet[]
  /** Pods of those ReplicaSets that still exist in any phase (Recreate waits for the last to go). */
  readonly oldPodCount: number
  readonly now: Date
}

/** The status of a Deployment as its ReplicaSets stand. `isCreating`: the set of the current template is about to be made. */
export function deploymentStatus(
  input: DeploymentInput,
  current: ReplicaSet | undefined,
  isCreating: boolean,
): DeploymentStatus {
  const { deployment, replicaSets } = input
  const sum = (pick: (set: ReplicaSet) => number | undefined): number =>
    replicaSets.reduce((all, set) => all + (pick(set) ?? 0), 0)
  const replicas = sum((set) => set.status?.replicas)
  const availableReplicas = sum((set) => set.status?.availableReplicas)
  const readyReplicas = sum((set) => set.status?.readyReplicas)
  const updatedReplicas = current?.status?.replicas ?? 0
  const desired = deployment.spec.replicas ?? 1
  const unavailableReplicas = Math.max(0, total(replicaSets) - availableReplicas)
  const counts = {
    ...(replicas > 0 ? { replicas } : {}),
    ...(updatedReplicas > 0 ? { updatedReplicas } : {}),
    ...(readyReplicas > 0 ? { readyReplicas } : {}),
    ...(availableReplicas > 0 ? { availableReplicas } : {}),
    ...(unavailableReplicas > 0 ? { unavailableReplicas } : {}),
  }
  const now = `${input.now.toISOString().slice(0, 19)}Z`
  const unavailableMax = rollingLimits(deployment).unavailable
  let conditions = deployment.status?.conditions ?? []
  const isEnough = availableReplicas >= desired - unavailableMax
  conditions = withCondition(
    conditions,
    isEnough
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    now,
  )
  conditions = progressCondition(input, { ...counts }, conditions, current, isCreating, now)
  conditions = replicaFailure(replicaSets, conditions, now)
  return { observedGeneration: deployment.metadata.generation ?? 0, ...counts, conditions }
}

function progressCondition(
  input: DeploymentInput,
  counts: DeploymentStatus,
  conditions: readonly Condition[],
  current: ReplicaSet | undefined,
  isCreating: boolean,
  now: string,
): readonly Condition[] {
  const { deployment } = input
  if (deployment.spec.paused === true) {
    return withCondition(
      conditions,
      { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' },
      now,
    )
  }
  const before = conditions.find((condition) => condition.type === 'Progressing')
  const name = current ? nameOf(current) : ''
  if (current && isComplete(deployment, counts)) {
    const message = `ReplicaSet "${name}" has successfully progressed.`
    return withProgress(
      conditions,
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message },
      now,
    )
  }
  if (isCreating) {
    const message = `Created new replica set for "${deployment.metadata.name}"`
    return withProgress(
      conditions,
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message },
      now,
    )
  }
  // Once a rollout is through, pods that come and go are no rollout: the condition stays until the template changes.
  const isSettled =
    before?.reason === 'NewReplicaSetAvailable' && (counts.replicas ?? 0) === (counts.updatedReplicas ?? 0)
  if (isSettled) return conditions
  const status = deployment.status
  const hasMoved =
    (counts.updatedReplicas ?? 0) > (status?.updatedReplicas ?? 0) ||
    (counts.readyReplicas ?? 0) > (status?.readyReplicas ?? 0) ||
    (counts.availableReplicas ?? 0) > (status?.availableReplicas ?? 0)
  const message = `ReplicaSet "${name}" is progressing.`
  if (hasMoved || !before || before.reason === 'NewReplicaSetAvailable' || before.reason === 'DeploymentPaused') {
    return withProgress(conditions, { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message }, now)
  }
  if (before.status === 'True' && isPastDeadline(deployment, before, input.now)) {
    const late = `ReplicaSet "${name}" has timed out progressing.`
    return withProgress(
      conditions,
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: late },
      now,
    )
  }
  return conditions
}

/** As `withCondition`, with lastUpdateTime: the progress deadline counts from it. */
function withProgress(conditions: readonly Condition[], next: Condition, now: string): readonly Condition[] {
  const before = conditions.find((condition) => condition.type === next.type)
  if (before?.status === next.status && before.reason === next.reason && next.reason !== 'ReplicaSetUpdated')
    return conditions
  const lastTransitionTime = before?.status === next.status ? (before.lastTransitionTime ?? now) : now
  return [
    ...conditions.filter((condition) => condition.type !== next.type),
    { ...next, lastTransitionTime, lastUpdateTime: now },
  ]
}

function replicaFailure(
  sets: readonly ReplicaSet[],
  conditions: readonly Condition[],
  now: string,
): readonly Condition[] {
  const failure = sets
    .flatMap((set) => set.status?.conditions ?? [])
    .find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True')
  if (!failure) return conditions.filter((condition) => condition.type !== 'ReplicaFailure')
  return withCondition(
    conditions,
    {
      type: 'ReplicaFailure',
      status: 'True',
      reason: failure.reason ?? 'FailedCreate',
      message: failure.message ?? '',
    },
    now,
  )
}

/** Every replica is of the current template, and available. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = deployment.spec.replicas ?? 1
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired
  )
}

function isPastDeadline(deployment: Deployment, progressing: Condition, now: Date): boolean {
  const started = Date.parse(progressing.lastUpdateTime ?? progressing.lastTransitionTime ?? '')
  return Number.isFinite(started) && now.getTime() >= started + (deployment.spec.progressDeadlineSeconds ?? 600) * 1000
}

/** Milliseconds until the rollout has taken too long; undefined where none goes on. */
export function progressDeadlineLeft(deployment: Deployment, status: DeploymentStatus, now: Date): number | undefined {
  const progressing = status.conditions?.find((condition) => condition.type === 'Progressing')
  if (progressing?.status !== 'True' || progressing.reason === 'NewReplicaSetAvailable') return undefined
  const started = Date.parse(progressing.lastUpdateTime ?? '')
  if (!Number.isFinite(started)) return undefined
  return Math.max(1000, started + (deployment.spec.progressDeadlineSeconds ?? 600) * 1000 - now.getTime())
}
