import type { ComponentSpec } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { Owner, Workload } from '../plan.ts'
import type { Settings } from '../settings.ts'
import { child } from './child.ts'
import { deploymentLabels } from './deployment.ts'

type Metric = NonNullable<NonNullable<ComponentSpec['autoScaling']>['metrics']>[number]
type Quantity = string | number | undefined

/** KEDA scales by whatever the metrics name. It may go to zero, which an HPA cannot. */
export function scaledObject(owner: Owner, workload: Workload, settings: Settings): KubeObject {
  const { deploying } = workload
  const minReplicaCount = deploying.minReplicas ?? 1
  const behavior = stabilisation(workload, settings)
  const meta = { name: workload.name, labels: deploymentLabels(workload), annotations: workload.annotations }
  return child(owner, 'keda.sh/v1alpha1', 'ScaledObject', meta, {
    spec: {
      scaleTargetRef: { name: workload.name },
      minReplicaCount,
      maxReplicaCount: Math.max(deploying.maxReplicas ?? 0, minReplicaCount),
      triggers: (deploying.autoScaling?.metrics ?? []).map((metric) => trigger(metric, owner, workload, settings)),
      ...(behavior ? { advanced: { horizontalPodAutoscalerConfig: { behavior } } } : {}),
    },
  })
}

/** Names of the metrics that pods report themselves: an OpenTelemetry collector beside each pod gathers them. */
export function collectedMetrics(workload: Workload): readonly string[] {
  const metrics = workload.deploying.autoScaling?.metrics ?? []
  return metrics.flatMap(({ type, podmetric }) =>
    type === 'PodMetric' && podmetric?.metric.backend === 'opentelemetry' ? (podmetric.metric.metricNames ?? []) : [],
  )
}

function trigger(metric: Metric, owner: Owner, workload: Workload, settings: Settings): object {
  if (metric.type === 'Resource' && metric.resource) return resourceTrigger(metric.resource)
  if (metric.type === 'External' && metric.external) return externalTrigger(metric.external)
  const { metric: source, target } = metric.podmetric ?? { metric: {}, target: {} }
  const selector = `{namespace="${owner.namespace}", deployment="${workload.name}"}`
  return {
    type: 'external',
    metadata: {
      metricQuery: `sum(${source.query ?? ''}${selector})`,
      targetValue: text(target.value),
      scalerAddress: source.serverAddress || (settings.opentelemetryCollector.metricScalerEndpoint ?? ''),
      ...(source.operationOverTime ? { operationOverTime: source.operationOverTime } : {}),
    },
  }
}

function resourceTrigger({ name, target }: NonNullable<Metric['resource']>): object {
  const utilization = target.averageUtilization ?? (name === 'cpu' ? 80 : undefined)
  const values: Readonly<Record<string, Quantity>> = {
    Utilization: utilization,
    AverageValue: target.averageValue,
    Value: target.value,
  }
  return { type: name, metricType: target.type, metadata: { value: text(values[target.type ?? '']) } }
}

function externalTrigger({ metric, target, authenticationRef }: NonNullable<Metric['external']>): object {
  const auth = authenticationRef?.authenticationRef.name
  return {
    type: metric.backend,
    metadata: {
      serverAddress: metric.serverAddress ?? '',
      query: metric.query ?? '',
      threshold: text(target.value),
      ...(metric.backend === 'prometheus' && metric.namespace ? { namespace: metric.namespace } : {}),
      ...(authenticationRef?.authModes ? { authModes: authenticationRef.authModes } : {}),
    },
    ...(auth ? { authenticationRef: { name: auth } } : {}),
  }
}

/** KEDA takes numbers as the user wrote them. */
function text(value: Quantity): string {
  return value === undefined || value === '' ? '0' : String(value)
}

/** How long the autoscaler waits before it follows a change: the spec's, else the cluster's. */
function stabilisation(workload: Workload, settings: Settings): object | undefined {
  const { scaleUp, scaleDown } = workload.deploying.autoScaling?.behavior ?? {}
  const cluster = settings.autoscaler
  const up = scaleUp?.stabilizationWindowSeconds ?? cluster.scaleUpStabilizationWindowSeconds
  const down = scaleDown?.stabilizationWindowSeconds ?? cluster.scaleDownStabilizationWindowSeconds
  if (up === undefined && down === undefined) return undefined
  return {
    ...(down === undefined ? {} : { scaleDown: { ...scaleDown, stabilizationWindowSeconds: down } }),
    ...(up === undefined ? {} : { scaleUp: { ...scaleUp, stabilizationWindowSeconds: up } }),
  }
}
