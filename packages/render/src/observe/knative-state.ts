import type { KubeObject } from '@millrace/kube'
import { conditionOf, isSeen, type State, unseenReason } from './deployment-state.ts'

/** What a Knative Service says about itself. One that is absent or has said nothing is not known yet. */
export function knativeState(service: KubeObject | undefined, type = 'Ready'): State {
  if (!service)
    return { status: 'Unknown', reason: 'ServiceMissing', message: 'The Knative Service has not been made yet.' }
  const condition = conditionOf(service, type)
  if (condition && !isSeen(service)) {
    return {
      status: 'Unknown',
      reason: unseenReason,
      message: 'Knative has not looked at the newest spec yet.',
    }
  }
  if (condition) return condition
  return { status: 'Unknown', reason: 'ServiceNotReconciled', message: 'Knative has not looked at the service yet.' }
}

/** URL of a Knative Service that is ready, else what the InferenceService recorded when it was. */
export function knativeUrl(live: KubeObject | undefined, service: KubeObject, component: string): string | undefined {
  const own: unknown = Object(live?.['status']).url
  if (typeof own === 'string' && knativeState(live).status === 'True') return own
  const recorded: unknown = Object(Object(Object(service['status']).components)[component]).url
  return typeof recorded === 'string' ? recorded : undefined
}
