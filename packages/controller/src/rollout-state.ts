import type { Comparison, KubeObject } from '@millrace/kube'
import { isKnativeService, makesPods } from '@millrace/render'

/** How far the pods of a service are on the way to what was applied last. */
export type RolloutState = { readonly state: 'done' | 'under way' } | { readonly state: 'failed'; readonly why: string }

/** Whether applying would replace pods: something lives by a template, and that would be another one. */
export function wouldRoll(comparison: Comparison): boolean {
  if ('error' in comparison || !comparison.live || !makesPods(comparison.object)) return false
  return comparison.drift.some(({ path }) => path === '' || path === 'spec' || path.startsWith('spec.template'))
}

/** Of all workloads together: one that failed says so for all, and all must be done. */
export function rolloutState(children: readonly KubeObject[]): RolloutState {
  const states = children
    .filter(makesPods)
    .map((child) => (isKnativeService(child) ? knativeState(child) : deploymentState(child)))
  return (
    states.find(({ state }) => state === 'failed') ??
    states.find(({ state }) => state === 'under way') ?? { state: 'done' }
  )
}

interface Condition {
  readonly type?: string
  readonly status?: string
  readonly reason?: string
  readonly message?: string
}

function conditionOf(status: { readonly conditions?: unknown }, type: string): Condition | undefined {
  const { conditions } = status
  return Array.isArray(conditions) ? (conditions as readonly Condition[]).find((one) => one.type === type) : undefined
}

function isSeen({ metadata: { generation } }: KubeObject, status: { readonly observedGeneration?: unknown }): boolean {
  return generation === undefined || Number(status.observedGeneration ?? 0) >= generation
}

/** As `kubectl rollout status` has it: all pods are new ones, the old are gone, and the new are available. */
function deploymentState(deployment: KubeObject): RolloutState {
  const status = Object(deployment['status']) as Readonly<Record<string, unknown>>
  if (!isSeen(deployment, status)) return { state: 'under way' }
  const progressing = conditionOf(status, 'Progressing')
  if (progressing?.reason === 'ProgressDeadlineExceeded') return failure(deployment, progressing)
  const refused = conditionOf(status, 'ReplicaFailure')
  if (refused?.status === 'True') return failure(deployment, refused)
  const wanted = Number(Object(deployment['spec']).replicas ?? 1)
  const [replicas = 0, updated = 0, available = 0] = ['replicas', 'updatedReplicas', 'availableReplicas'].map((field) =>
    Number(status[field] ?? 0),
  )
  const isDone = updated >= wanted && replicas === updated && available >= updated
  return { state: isDone ? 'done' : 'under way' }
}

function knativeState(service: KubeObject): RolloutState {
  const status = Object(service['status']) as Readonly<Record<string, unknown>>
  if (!isSeen(service, status)) return { state: 'under way' }
  const ready = conditionOf(status, 'Ready')
  const configured = conditionOf(status, 'ConfigurationsReady')
  if (configured?.status === 'False') return failure(service, configured)
  const isNewest = status['latestCreatedRevisionName'] === status['latestReadyRevisionName']
  return { state: isNewest && ready?.status === 'True' ? 'done' : 'under way' }
}

function failure({ kind, metadata: { name } }: KubeObject, { reason, message }: Condition): RolloutState {
  return { state: 'failed', why: [`${kind} ${name} failed`, message ?? reason].filter(Boolean).join(': ') }
}
