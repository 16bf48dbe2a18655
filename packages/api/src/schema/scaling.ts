import { int32, kubernetesObject, list, object, oneOf, quantity, rule, text } from './schema.ts'
import { notBelow } from './number-rules.ts'

export const scaleMetrics = ['cpu', 'memory', 'concurrency', 'rps'] as const
export type ScaleMetric = (typeof scaleMetrics)[number]

const metricTargetTypes = ['Utilization', 'Value', 'AverageValue'] as const
export type MetricTargetType = (typeof metricTargetTypes)[number]

const metricTarget = object('What the metric is held at. Set the one field that `type` names.', {
  type: oneOf('Which of the fields below counts.', metricTargetTypes),
  value: quantity('The metric as a whole is held at this.'),
  averageValue: quantity('The metric divided by the number of pods is held at this.'),
  averageUtilization: int32('Percent of what the pods request. For resource metrics.'),
})

const resourceMetric = object(
  'CPU or memory of the pods, as Kubernetes measures it.',
  { name: oneOf('Which resource.', ['cpu', 'memory'] as const), target: metricTarget },
  ['name', 'target'],
)

const externalMetric = object(
  'A metric from outside the cluster, read by KEDA.',
  {
    metric: object('Where the number comes from.', {
      backend: oneOf('The kind of metrics server.', ['prometheus', 'graphite'] as const),
      serverAddress: text('URL of the metrics server.'),
      query: text('The query, in the language of the metrics server. It must give one number.'),
      namespace: text('Namespace that the query is limited to, where the server has tenants.'),
    }),
    target: metricTarget,
    authenticationRef: object(
      'How KEDA logs in to the metrics server.',
      {
        authenticationRef: object('A KEDA TriggerAuthentication in the same namespace.', { name: text('Its name.') }, [
          'name',
        ]),
        authModes: text('The way of logging in that KEDA shall use, such as `basic`, `bearer` or `tls`.'),
      },
      ['authenticationRef'],
    ),
  },
  ['metric', 'target'],
)

const podMetric = object(
  'A metric that the pods themselves report, collected by OpenTelemetry and read by KEDA.',
  {
    metric: object('Which metric.', {
      backend: oneOf('The collector.', ['opentelemetry'] as const),
      serverAddress: text('Address of the scaler that answers for the collector. Unset: the one the cluster names.'),
      metricNames: list('Names of the metrics that the collector keeps.', text('A metric name.')),
      query: text('The query that makes one number of them.'),
      operationOverTime: text(
        'How values are joined over time: `last_one` (if unset), `avg`, `max`, `min`, `rate` or `count`.',
      ),
    }),
    target: metricTarget,
  },
  ['metric', 'target'],
)

/** spec.<component>.autoScaling */
export const autoScaling = object('Scaling by several metrics, or with its own speed. Not for Knative mode.', {
  metrics: list(
    'The metrics. The one that asks for most replicas wins.',
    object(
      'One metric. Set the field that `type` names.',
      {
        type: oneOf('Where the metric comes from.', ['Resource', 'External', 'PodMetric'] as const),
        resource: resourceMetric,
        external: externalMetric,
        podmetric: podMetric,
      },
      ['type'],
    ),
  ),
  behavior: kubernetesObject('HorizontalPodAutoscalerBehavior', {
    description: 'How fast to go up and down, as in a HorizontalPodAutoscaler.',
  }),
})

/** Scaling fields that every component and every graph has. */
export const scalingFields = {
  minReplicas: int32('Least number of replicas; 1 if unset. 0 lets it scale to zero where the mode can.', {
    rules: [notBelow(0, 'min-replicas')],
  }),
  maxReplicas: int32(
    'Greatest number of replicas. 0 means no limit; unset means what the cluster sets, else minReplicas.',
    { rules: [notBelow(0, 'max-replicas', '0 means no limit')] },
  ),
  scaleTarget: int32('The value of scaleMetric to hold: percent for cpu, a number otherwise.'),
  scaleMetric: oneOf(
    'What to scale by: `concurrency` and `rps` in Knative mode, `cpu` and `memory` with an autoscaler of Kubernetes.',
    scaleMetrics,
  ),
}

export const scaleMetricType = oneOf(
  'How scaleTarget is meant. Unset: Utilization for cpu and memory.',
  metricTargetTypes,
)

interface Bounds {
  readonly minReplicas?: number
  readonly maxReplicas?: number
}

/** Of everything that has both bounds. */
export const minOverMax = rule<Bounds>({
  name: 'min-over-max',
  cel: '[self.?maxReplicas.orValue(0)].all(max, max <= 0 || self.?minReplicas.orValue(1) <= max)',
  message: 'must not be above maxReplicas',
  advice: 'lower it or raise maxReplicas (unset, it is 1)',
  field: 'minReplicas',
  holds: ({ minReplicas = 1, maxReplicas = 0 }) => maxReplicas <= 0 || minReplicas <= maxReplicas,
  say: ({ minReplicas, maxReplicas }) =>
    `is ${minReplicas ?? '1 when unset'}, more than maxReplicas, which is ${maxReplicas}: lower it or raise maxReplicas`,
})
