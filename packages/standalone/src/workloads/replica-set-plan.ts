import {
  type Condition,
  isActive,
  isAvailable,
  isReady,
  type Pod,
  type ReplicaSet,
  type ReplicaSetStatus,
  withCondition,
} from './apps.ts'

export interface ReplicaSetPlan {
  /** How many pods to create from the template. */
  readonly create: number
  /** Names of the pods to delete. */
  readonly remove: readonly string[]
  readonly status: ReplicaSetStatus
  /** A pod becomes available then without an event (minReadySeconds). */
  readonly checkAgainMs?: number
}

/** Pods created in one pass: a wrong template fails a few times, not hundreds. */
const burstMax = 100

export interface ReplicaSetInput {
  readonly replicaSet: ReplicaSet
  /** Pods that it controls, whatever their phase. */
  readonly pods: readonly Pod[]
  readonly now: Date
  /** The last creation was refused for this reason; shown in the status until one succeeds. */
  readonly createFailure?: string
}

export function planReplicaSet(input: ReplicaSetInput): ReplicaSetPlan {
  const { replicaSet, pods, now } = input
  const active = pods.filter(isActive)
  const desired = replicaSet.metadata.deletionTimestamp === undefined ? (replicaSet.spec.replicas ?? 1) : active.length
  const surplus = active.length - desired
  const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0
  return {
    create: Math.min(burstMax, Math.max(0, -surplus)),
    remove:
      surplus <= 0
        ? []
        : [...active]
            .sort(firstToGo)
            .slice(0, surplus)
            .map((pod) => pod.metadata.name ?? ''),
    status: replicaSetStatus(input, active),
    ...(minReadySeconds > 0 && active.some((pod) => isReady(pod) && !isAvailable(pod, minReadySeconds, now.getTime()))
      ? { checkAgainMs: minReadySeconds * 1000 }
      : {}),
  }
}

function replicaSetStatus(
  { replicaSet, now, createFailure }: ReplicaSetInput,
  active: readonly Pod[],
): ReplicaSetStatus {
  const ready = active.filter(isReady).length
  const available = active.filter((pod) => isAvailable(pod, replicaSet.spec.minReadySeconds ?? 0, now.getTime())).length
  const wanted = Object.entries(replicaSet.spec.template.metadata?.labels ?? {})
  const labeled = active.filter((pod) => wanted.every(([key, value]) => pod.metadata.labels?.[key] === value)).length
  const conditions = failureConditions(replicaSet.status?.conditions ?? [], createFailure, now)
  return {
    observedGeneration: replicaSet.metadata.generation ?? 0,
    replicas: active.length,
    ...(labeled > 0 ? { fullyLabeledReplicas: labeled } : {}),
    ...(ready > 0 ? { readyReplicas: ready } : {}),
    ...(available > 0 ? { availableReplicas: available } : {}),
    ...(conditions.length > 0 ? { conditions } : {}),
  }
}

/**
 * The first refusal stays as long as pods are refused, as in Kubernetes: each names another pod, and a status that changes
 * with every attempt would be the reason for the next one.
 */
function failureConditions(before: readonly Condition[], failure: string | undefined, now: Date): readonly Condition[] {
  if (failure === undefined) return before.filter((condition) => condition.type !== 'ReplicaFailure')
  if (before.some((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True')) return before
  const next = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: failure } as const
  return withCondition(before, next, `${now.toISOString().slice(0, 19)}Z`)
}

const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** Kubernetes' order: unassigned, pending, not ready, then the youngest. */
function firstToGo(left: Pod, right: Pod): number {
  const rank = (pod: Pod): readonly number[] => [
    pod.spec.nodeName ? 1 : 0,
    phaseRank[pod.status?.phase ?? 'Pending'] ?? 0,
    isReady(pod) ? 1 : 0,
    -Date.parse(pod.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z'),
  ]
  const leftRank = rank(left)
  const rightRank = rank(right)
  for (const [index, value] of leftRank.entries()) {
    const difference = value - (rightRank[index] ?? 0)
    if (difference !== 0) return difference
  }
  return (left.metadata.name ?? '').localeCompare(right.metadata.name ?? '')
}
