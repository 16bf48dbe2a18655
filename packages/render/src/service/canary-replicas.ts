import type { InferenceServiceSpec } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { findChild } from '../exposure/exposure.ts'
import type { Plan } from '../plan.ts'

/**
 * The main predictor gives up as many pods as its canaries have ready ones, but keeps one. Canaries that are not ready yet
 * count for nothing, so that there is no gap.
 */
export function withReadyCanaries(plan: Plan, spec: InferenceServiceSpec, children: readonly KubeObject[]): Plan {
  const { minReplicas } = spec.predictor
  if (!spec.canary?.length || minReplicas === undefined) return plan
  let ready = 0
  for (const workload of plan.workloads) {
    const live = workload.canary === undefined ? undefined : findChild(children, 'apps', 'Deployment', workload.name)
    if (Number(Object(live?.['status']).availableReplicas ?? 0) > 0) ready += workload.deploying.minReplicas ?? 1
  }
  if (ready === 0) return plan
  const workloads = plan.workloads.map((workload) => {
    if (workload.component !== 'predictor' || workload.canary !== undefined) return workload
    return { ...workload, deploying: { ...workload.deploying, minReplicas: Math.max(minReplicas - ready, 1) } }
  })
  return { ...plan, workloads }
}
