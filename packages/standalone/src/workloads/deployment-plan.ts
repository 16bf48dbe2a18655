import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import {
  type Condition,
  type Deployment,
  type DeploymentStatus,
  type IntOrPercent,
  type PodTemplate,
  type ReplicaSet,
  withCondition,
} from './apps.ts'

const revisionAnnotation = 'deployment.kubernetes.io/revision'
const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas'
export const templateHashLabel = 'pod-template-hash'
/** Annotations that describe the Deployment object itself and never go down to its ReplicaSets. */
const ownAnnotations = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  desiredAnnotation,
  maxReplicasAnnotation,
])

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

export interface DeploymentInput {
  readonly deployment: Deployment
  /** ReplicaSets controlled by it. */
  readonly replicaSets: readonly ReplicaSet[]
  /** Pods of those ReplicaSets that still exist in any phase (Recreate waits for the last to go). */
  readonly oldPodCount: number
  readonly now: Date
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
  return Math.min(desired, Math.max(0, desired + limits(deployment).surge - total(old)))
}

function rollForward(input: DeploymentInput, current: ReplicaSet, old: readonly ReplicaSet[]): readonly ScaleStep[] {
  const desired = input.deployment.spec.replicas ?? 1
  const currentReplicas = current.spec.replicas ?? 1
  if (input.deployment.spec.strategy?.type === 'Recreate') {
    const down = old.filter((set) => (set.spec.replicas ?? 1) > 0).map((set) => ({ name: nameOf(set), replicas: 0 }))
    if (down.length > 0 || input.oldPodCount > 0) return down
    return currentReplicas === desired ? [] : [{ name: nameOf(current), replicas: desired }]
  }
  const { surge, unavailable } = limits(input.deployment)
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
  const left = new Map(old.map((set) => [nameOf(set), set.spec.replicas ?? 1]))
  for (const set of old) {
    if (budget <= 0) break
    const replicas = left.get(nameOf(set)) ?? 0
    const unhealthy = Math.min(budget, Math.max(0, replicas - (set.status?.availableReplicas ?? 0)))
    left.set(nameOf(set), replicas - unhealthy)
    budget -= unhealthy
  }
  const available = [current, ...old].reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0)
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

/** A paused Deployment still follows `replicas` without moving between templates: the one set that runs takes the change. */
function scaleInPlace(sets: readonly ReplicaSet[], desired: number): readonly ScaleStep[] {
  const running = sets.filter((set) => (set.spec.replicas ?? 1) > 0)
  const target = running.length > 0 ? running[0] : [...sets].sort(byAge).at(-1)
  if (!target || running.length > 1 || (target.spec.replicas ?? 1) === desired) return []
  return [{ name: nameOf(target), replicas: desired }]
}

function deploymentStatus(
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
  const unavailableMax = limits(deployment).unavailable
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

function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
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

function progressDeadlineLeft(deployment: Deployment, status: DeploymentStatus, now: Date): number | undefined {
  const progressing = status.conditions?.find((condition) => condition.type === 'Progressing')
  if (progressing?.status !== 'True' || progressing.reason === 'NewReplicaSetAvailable') return undefined
  const started = Date.parse(progressing.lastUpdateTime ?? '')
  if (!Number.isFinite(started)) return undefined
  return Math.max(1000, started + (deployment.spec.progressDeadlineSeconds ?? 600) * 1000 - now.getTime())
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

function beyondHistory(deployment: Deployment, old: readonly ReplicaSet[]): readonly string[] {
  const idle = old.filter(
    (set) =>
      (set.spec.replicas ?? 1) === 0 &&
      (set.status?.replicas ?? 0) === 0 &&
      set.metadata.deletionTimestamp === undefined,
  )
  const excess = idle.length - (deployment.spec.revisionHistoryLimit ?? 10)
  if (excess <= 0) return []
  return [...idle]
    .sort((left, right) => revisionOf(left) - revisionOf(right))
    .slice(0, excess)
    .map(nameOf)
}

function newReplicaSet(deployment: Deployment, replicas: number, revision: number): ReplicaSet {
  const { template, selector, minReadySeconds } = deployment.spec
  const hash = templateHash(template)
  const labels = { ...template.metadata?.labels, [templateHashLabel]: hash }
  const inherited = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !ownAnnotations.has(key))
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      ...(deployment.metadata.namespace === undefined ? {} : { namespace: deployment.metadata.namespace }),
      labels,
      annotations: { ...Object.fromEntries(inherited), [revisionAnnotation]: String(revision) },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name: deployment.metadata.name ?? '',
          uid: deployment.metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [templateHashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

/** Ten characters from an alphabet without vowels and look-alikes, as Kubernetes' hashes have. */
function templateHash(template: PodTemplate): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  const digest = createHash('sha256').update(stableJson(template)).digest()
  return Array.from(digest.subarray(0, 10), (byte) => alphabet[byte % alphabet.length]).join('')
}

function stableJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stableJson(item)}`).join(',')}}`
}

function isSameTemplate(ofSet: PodTemplate, wanted: PodTemplate): boolean {
  const { [templateHashLabel]: _, ...labels } = ofSet.metadata?.labels ?? {}
  return (
    isDeepStrictEqual(labels, wanted.metadata?.labels ?? {}) &&
    isDeepStrictEqual(ofSet.metadata?.annotations ?? {}, wanted.metadata?.annotations ?? {}) &&
    isDeepStrictEqual(ofSet.spec, wanted.spec)
  )
}

/** Absolute numbers of `maxSurge` (rounded up) and `maxUnavailable` (rounded down); never both zero. */
function limits(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const desired = deployment.spec.replicas ?? 1
  if (deployment.spec.strategy?.type === 'Recreate') return { surge: 0, unavailable: 0 }
  const rolling = deployment.spec.strategy?.rollingUpdate
  const surge = resolve(rolling?.maxSurge ?? '25%', desired, Math.ceil)
  const unavailable = Math.min(desired, resolve(rolling?.maxUnavailable ?? '25%', desired, Math.floor))
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

function resolve(value: IntOrPercent, of: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value
  return round((Number.parseInt(value, 10) * of) / 100)
}

const nameOf = (set: ReplicaSet): string => set.metadata.name ?? ''
const revisionOf = (set: ReplicaSet): number => Number(set.metadata.annotations?.[revisionAnnotation] ?? 0)
const total = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + (set.spec.replicas ?? 1), 0)
const byAge = (left: ReplicaSet, right: ReplicaSet): number =>
  (left.metadata.creationTimestamp ?? '').localeCompare(right.metadata.creationTimestamp ?? '') ||
  nameOf(left).localeCompare(nameOf(right))
