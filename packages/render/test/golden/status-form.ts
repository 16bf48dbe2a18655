import type { KubeObject } from '@millrace/kube'
import { withoutEmpty } from './normal-form.ts'

type Json = Record<string, unknown>

/** Conditions of our own, which stand beside KServe's. */
const ownConditions: readonly unknown[] = [
  'AutoscalerReady',
  'ScalingDecided',
  'FieldsIgnored',
  'StepsReady',
  'FrameworkSupported',
]

/** What of a status means something: conditions without their words, addresses, revisions, how loading goes. */
export function statusForm(object: KubeObject): unknown {
  const status = (object['status'] ?? {}) as Json
  const conditions = Array.isArray(status['conditions']) ? (status['conditions'] as Json[]) : []
  const { url, address, components, deploymentMode, servingRuntimeName, clusterServingRuntimeName, canaryStatuses } =
    status
  return withoutEmpty({
    conditions: Object.fromEntries(
      conditions
        .filter(({ status, type }) => status !== 'Unknown' && !ownConditions.includes(type))
        .map((condition) => [condition['type'], condition['status']]),
    ),
    url,
    address,
    components,
    deploymentMode,
    servingRuntimeName,
    clusterServingRuntimeName,
    canaryStatuses,
    modelStatus: modelForm(status['modelStatus']),
  })
}

function modelForm(status: unknown): unknown {
  const { transitionStatus, states, lastFailureInfo, copies } = Object(status)
  const { reason, exitCode } = Object(lastFailureInfo)
  const { totalCopies } = Object(copies)
  return { transitionStatus, states, failure: { reason, exitCode }, totalCopies }
}
