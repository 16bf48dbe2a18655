import type { Deployment, DeploymentStatus, ReplicaSet } from './apps.ts'
import { type DeploymentInput, deploymentStatus, isComplete, progressDeadlineLeft } from './deployment-status.ts'
import {
  beyondHistory,
  byAge,
  isSameTemplate,
  nameOf,
  newReplicaSet,
  revisionAnnotation,
  revisionOf,
  total,
} from './revision-sets.ts'
import { rollingLimits } from './rolling-limits.ts'

export interface ScaleStep {
  readonly name: string
  readonly replicas: number
}

export interface DeploymentPlan {
  /** The ReplicaSet of the current template, when it is still to be created. */
  readonly create?: ReplicaSet
  readonly scale: readonly ScaleStep[]
  /** Old, empty ReplicaSets beyond revisionHistoryLimit. */
  readonly remove: readonly string[]
  /** Annotations that a ReplicaSet or the Deployment should carry and doesn't. */
  readonly annotate: readonly {
    readonly kind: 'Deployment' | 'ReplicaSet'
    readonly name: string
    readonly annotations: Readonly<Record<string, string>>
  }[]
  readonly status: DeploymentStatus
  /** Look again then: the progress deadline or a minReadySeconds could pass with no event. */
  readonly checkAgainMs?: number
}

/** One step of a Deployment, as Kubernetes' deployment controller decides it (rolling update and recreate). */
export function planDeployment(input: DeploymentInput): DeploymentPlan {
  const { deployment, replicaSets, now } = input
  const current = replicaSets
    .filter((set) => isSameTemplate(set.spec.template, deployment.spec.template))
    .sort(byAge)[0]
  const old = replicaSets.filter((set) => set !== current).sort(byAge)
  const desired = deployment.spec.replicas ?? 1
  const revision = Math.max(0, ...old.map(revisionOf)) + 1
  const scale: ScaleStep[] = []
  let create: ReplicaSet | undefined
  if (deployment.metadata.deletionTimestamp === undefined) {
    if (!current && deployment.spec.paused !== true && canStartCurrent(input, old)) {
      create = newReplicaSet(deployment, replicasAtStart(deployment, old), revision)
    }
    if (deployment.spec.paused === true) scale.push(...scaleInPlace(replicaSets, desired))
    else if (current) scale.push(...rollForward(input, current, old))
  }
  const status = deploymentStatus(input, current, create !== undefined)
  const checkAgainMs = progressDeadlineLeft(deployment, status, now)
  return {
    ...(create ? { create } : {}),
    scale,
    remove: isComplete(deployment, status) ? beyondHistory(deployment, old) : [],
    annotate: revisionAnnotations(deployment, current, old),
    status,
    ...(checkAgainMs === undefined ? {} : { checkAgainMs }),
  }
}

function canStartCurrent(input: DeploymentInput, old: readonly ReplicaSet[]): boolean {
  if (input.deployment.spec.strategy?.type !== 'Recreate') return true
  return input.oldPodCount === 0 && old.every((set) => (set.spec.replicas ?? 1) === 0)
}

function replicasAtStart(deployment: Deployment, old: readonly ReplicaSet[]): number {
  const desired = deployment.spec.replicas ?? 1
  if (deployment.spec.strategy?.type === 'Recreate') return desired
  return Math.min(desired, Math.max(0, desired + rollingLimits(deployment).surge - total(old)))
}

function rollForward(input: DeploymentInput, current: ReplicaSet, old: readonly ReplicaSet[]): readonly ScaleStep[] {
  const desired = input.deployment.spec.replicas ?? 1
  const currentReplicas = current.spec.replicas ?? 1
  if (input.deployment.spec.strategy?.type === 'Recreate') {
    const down = old.filter((set) => (set.spec.replicas ?? 1) > 0).map((set) => ({ name: nameOf(set), replicas: 0 }))
    if (down.length > 0 || input.oldPodCount > 0) return down
    return currentReplicas === desired ? [] : [{ name: nameOf(current), replicas: desired }]
  }
  const { surge, unavailable } = rollingLimits(input.deployment)
  const all = currentReplicas + total(old)
  if (currentReplicas > desired) return [{ name: nameOf(current), replicas: desired }]
  const room = Math.min(desired + surge - all, desired - currentReplicas)
  if (room > 0) return [{ name: nameOf(current), replicas: currentReplicas + room }]
  return scaleDownOld({ current, old, desired, unavailable })
}

interface OldScale {
  readonly current: ReplicaSet
  readonly old: readonly ReplicaSet[]
  readonly desired: number
  readonly unavailable: number
}

/** Old pods that serve nothing go first; then as many healthy ones as keep `desired - maxUnavailable` available. */
function scaleDownOld({ current, old, desired, unavailable }: OldScale): readonly ScaleStep[] {
  const minAvailable = desired - unavailable
  const currentReplicas = current.spec.replicas ?? 1
  const currentUnavailable = currentReplicas - (current.status?.availableReplicas ?? 0)
  let budget = currentReplicas + total(old) - minAvailable - currentUnavailable
  if (budget <= 0) return []
  const left = new Map(old.map((set) => [nameOf(set), set.spec.replicas ?? 1]))
  for (const set of old) {
    if (budget <= 0) break
    const replicas = left.get(nameOf(set)) ?? 0
    const unhealthy = Math.min(budget, Math.max(0, replicas - (set.status?.availableReplicas ?? 0)))
    left.set(nameOf(set), replicas - unhealthy)
    budget -= unhealthy
  }
  const available = [current, ...old].reduce((sum, set) => sum + stayingAvailable(set), 0)
  let healthy = Math.max(0, available - minAvailable)
  for (const set of old) {
    const replicas = left.get(nameOf(set)) ?? 0
    const step = Math.min(healthy, replicas)
    left.set(nameOf(set), replicas - step)
    healthy -= step
  }
  return old
    .filter((set) => left.get(nameOf(set)) !== (set.spec.replicas ?? 1))
    .map((set) => ({ name: nameOf(set), replicas: left.get(nameOf(set)) ?? 0 }))
}

/** A set that was told to end pods counts them in its status until it has. */
function stayingAvailable({ spec, status }: ReplicaSet): number {
  return Math.min(spec.replicas ?? 1, status?.availableReplicas ?? 0)
}

/** A paused Deployment still follows `replicas` without moving between templates: the one set that runs takes the change. */
function scaleInPlace(sets: readonly ReplicaSet[], desired: number): readonly ScaleStep[] {
  const running = sets.filter((set) => (set.spec.replicas ?? 1) > 0)
  const target = running.length > 0 ? running[0] : [...sets].sort(byAge).at(-1)
  if (!target || running.length > 1 || (target.spec.replicas ?? 1) === desired) return []
  return [{ name: nameOf(target), replicas: desired }]
}

function revisionAnnotations(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): DeploymentPlan['annotate'] {
  if (!current) return []
  const wanted = String(Math.max(revisionOf(current), ...old.map((set) => revisionOf(set) + 1), 1))
  const changes: DeploymentPlan['annotate'][number][] = []
  if (current.metadata.annotations?.[revisionAnnotation] !== wanted) {
    changes.push({ kind: 'ReplicaSet', name: nameOf(current), annotations: { [revisionAnnotation]: wanted } })
  }
  if (deployment.metadata.annotations?.[revisionAnnotation] !== wanted) {
    changes.push({
      kind: 'Deployment',
      name: deployment.metadata.name ?? '',
      annotations: { [revisionAnnotation]: wanted },
    })
  }
  return changes
}
