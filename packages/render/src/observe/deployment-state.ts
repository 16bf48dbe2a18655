import type { KubeObject } from '@millrace/kube'

export interface State {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
}

export interface LiveCondition extends State {
  readonly type: string
}

/** Conditions in an object's status, whatever its kind. */
export function conditionsOf(object: KubeObject | undefined): readonly LiveCondition[] {
  const listed: unknown = Object(object?.['status']).conditions
  if (!Array.isArray(listed)) return []
  return listed.filter((condition: unknown): condition is LiveCondition => typeof Object(condition).type === 'string')
}

export function conditionOf(object: KubeObject | undefined, type: string): LiveCondition | undefined {
  return conditionsOf(object).find((condition) => condition.type === type)
}

/** Whether the controller of a child has seen the child's present spec: a status of an older one says nothing about it. */
export function isSeen(object: KubeObject): boolean {
  const observed: unknown = Object(object['status']).observedGeneration
  const { generation } = object.metadata
  return generation === undefined || (typeof observed === 'number' && observed >= generation)
}

/** Said of a child whose controller has not looked at its newest spec. */
export const unseenReason = 'GenerationNotObserved'

const unseen: State = {
  status: 'Unknown',
  reason: unseenReason,
  message: 'Kubernetes has not looked at the newest spec yet.',
}

/**
 * What a Deployment's own conditions amount to. Ready: enough pods are available. Failed: pods cannot be made, or the
 * rollout stands still. A Deployment that is absent or has said nothing yet is not ready.
 */
export function deploymentState(deployment: KubeObject | undefined): State {
  if (!deployment)
    return { status: 'False', reason: 'DeploymentMissing', message: 'The Deployment has not been made yet.' }
  const available = conditionOf(deployment, 'Available')
  const progressing = conditionOf(deployment, 'Progressing')
  const failure = conditionOf(deployment, 'ReplicaFailure')
  if (conditionsOf(deployment).length > 0 && !isSeen(deployment)) return unseen
  if (failure?.status === 'True') return because('False', failure, 'Pods cannot be created')
  if (available?.status === 'False') return because('False', available, 'Too few pods are available')
  if (progressing?.status === 'False' && progressing.message)
    return because('False', progressing, 'The rollout stands still')
  if (progressing?.status === 'True' && progressing.reason === 'NewReplicaSetAvailable')
    return because('True', progressing)
  if (available?.status === 'True') return because('True', available)
  if (progressing?.status === 'True') return because('Unknown', progressing, 'The rollout is under way')
  return { status: 'False', reason: 'DeploymentNotReady', message: 'The Deployment has no available pods yet.' }
}

function because(status: State['status'], condition: State, what?: string): State {
  const said = condition.message ?? ''
  const message = what === undefined ? said : said ? `${what}: ${said}` : `${what}.`
  return { status, ...(condition.reason ? { reason: condition.reason } : {}), ...(message ? { message } : {}) }
}

/** Head and workers together: ready when both are, else what the first unready one says. */
export function deploymentStates(deployments: readonly (KubeObject | undefined)[]): State {
  const states = deployments.map(deploymentState)
  return (
    states.find((state) => state.status === 'False') ??
    states.find((state) => state.status === 'Unknown') ??
    states[0] ??
    deploymentState(undefined)
  )
}
