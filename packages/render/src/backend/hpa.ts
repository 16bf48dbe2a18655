import type { KubeObject } from '@millrace/kube'
import { userKeys } from '../keys.ts'
import type { Deploying, Owner, Workload } from '../plan.ts'
import { child } from './child.ts'
import { deploymentLabels } from './deployment.ts'

/** Percent of the CPU that pods request at which more are started, unless the spec says otherwise. */
const cpuUtilization = 80

export type AutoscalerClass = 'hpa' | 'keda' | 'external' | 'none'

/** What scales a workload in Standard mode. Anything else than these classes is refused at admission. */
export function autoscalerClass(workload: Workload): AutoscalerClass {
  const given = workload.annotations[userKeys.autoscalerClass]
  return given === 'keda' || given === 'external' || given === 'none' ? given : 'hpa'
}

export function horizontalPodAutoscaler(owner: Owner, workload: Workload): KubeObject {
  const { deploying } = workload
  const { minReplicas, maxReplicas } = replicaBounds(deploying)
  const behavior = deploying.autoScaling?.behavior
  const meta = { name: workload.name, labels: deploymentLabels(workload), annotations: workload.annotations }
  return child(owner, 'autoscaling/v2', 'HorizontalPodAutoscaler', meta, {
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: workload.name },
      minReplicas,
      maxReplicas,
      metrics: metrics(deploying),
      ...(behavior ? { behavior } : {}),
    },
  })
}

/** An HPA needs at least one pod to measure, and a maximum: without one the service stays at its minimum. */
export function replicaBounds(deploying: Deploying): { readonly minReplicas: number; readonly maxReplicas: number } {
  const minReplicas = Math.max(deploying.minReplicas ?? 1, 1)
  return { minReplicas, maxReplicas: Math.max(deploying.maxReplicas ?? 0, minReplicas) }
}

function metrics(deploying: Deploying): object[] {
  if (!deploying.autoScaling) return defaultMetrics(deploying)
  const usable = listedMetrics(deploying)
  // By CPU is what Kubernetes does without any.
  return usable.length > 0 ? usable : [utilization('cpu', cpuUtilization)]
}

function listedMetrics({ autoScaling }: Deploying): object[] {
  return (autoScaling?.metrics ?? []).flatMap(({ resource }) => {
    if (!resource) return []
    const { type, averageUtilization, averageValue } = resource.target
    if (resource.name === 'cpu') return [utilization('cpu', averageUtilization ?? cpuUtilization)]
    if (type === 'AverageValue') {
      return [{ type: 'Resource', resource: { name: 'memory', target: { type, averageValue } } }]
    }
    return averageUtilization === undefined ? [] : [utilization('memory', averageUtilization)]
  })
}

function defaultMetrics({ scaleMetric = 'cpu', scaleTarget }: Deploying): object[] {
  if (scaleMetric === 'cpu') return [utilization('cpu', scaleTarget ?? cpuUtilization)]
  // An HPA has no other metrics: by CPU is what Kubernetes does without any.
  return scaleMetric === 'memory' && scaleTarget !== undefined
    ? [utilization('memory', scaleTarget)]
    : [utilization('cpu', cpuUtilization)]
}

function utilization(name: string, averageUtilization: number): object {
  return { type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization } } }
}
