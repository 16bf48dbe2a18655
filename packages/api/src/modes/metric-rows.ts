import { knativeKeys } from '../wire-keys.ts'
import type { FieldRow } from './field-row.ts'
import { bySpec, elsewhere, everywhere, hpa, notByKeda, revision, scaledObject } from './row-places.ts'

const isResource = (value: unknown): boolean => value === 'cpu' || value === 'memory'

/** By what. */
export const metricRows: readonly FieldRow[] = [
  {
    place: 'component',
    field: 'scaleMetric',
    values: 'cpu, memory',
    matches: isResource,
    example: { scaleMetric: 'memory' },
    given: { scaleTarget: 60 },
    decidedBy: everywhere,
    outcomes: {
      Standard: [
        { effect: 'honoured', shows: hpa('metrics.0.resource.name', 'memory') },
        {
          effect: 'refused',
          scaledBy: ['keda'],
          because: 'is not for KEDA: describe the metric in autoScaling.metrics',
          rule: 'scale-metric',
        },
        elsewhere,
      ],
      Knative: [
        {
          effect: 'refused',
          because: `is nothing that Knative’s autoscaler scales by: use concurrency or rps, or annotate the service with ${knativeKeys.autoscalerClass}: hpa.autoscaling.knative.dev`,
          rule: 'scale-metric',
        },
        { effect: 'translated', scaledBy: ['knative-hpa'], shows: revision(knativeKeys.metric, 'memory') },
      ],
    },
  },
  {
    place: 'component',
    field: 'scaleMetric',
    values: 'concurrency, rps',
    matches: (value) => !isResource(value),
    example: { scaleMetric: 'rps' },
    decidedBy: everywhere,
    outcomes: {
      Standard: [
        {
          effect: 'ignored',
          because: 'a HorizontalPodAutoscaler does not count requests, and scales by 80 % of cpu',
          instead: 'use cpu or memory, KEDA, or Knative mode',
        },
        {
          effect: 'refused',
          scaledBy: ['hpa'],
          because: 'is nothing that a HorizontalPodAutoscaler scales by: use cpu or memory',
          rule: 'scale-metric',
        },
        {
          effect: 'refused',
          scaledBy: ['keda'],
          because: 'is not for KEDA: describe the metric in autoScaling.metrics',
          rule: 'scale-metric',
        },
        elsewhere,
      ],
      Knative: [
        { effect: 'translated', shows: revision(knativeKeys.metric, 'rps') },
        {
          effect: 'refused',
          scaledBy: ['knative-hpa'],
          because: 'is nothing that a HorizontalPodAutoscaler scales by: use cpu or memory',
          rule: 'scale-metric',
        },
      ],
    },
  },
  {
    place: 'component',
    field: 'scaleTarget',
    example: { scaleTarget: 60 },
    decidedBy: everywhere,
    outcomes: {
      Standard: [
        { effect: 'honoured', shows: hpa('metrics.0.resource.target.averageUtilization', 60) },
        notByKeda,
        elsewhere,
      ],
      Knative: [{ effect: 'translated', shows: revision(knativeKeys.target, '60') }],
    },
  },
  {
    place: 'component',
    field: 'scaleMetricType',
    values: 'Value, AverageValue',
    matches: (value) => value !== 'Utilization',
    example: { scaleMetricType: 'AverageValue' },
    decidedBy: everywhere,
    outcomes: {
      Standard: [
        {
          effect: 'ignored',
          because: 'scaleTarget is always a percentage of what the pods request',
          instead: 'write the metric in autoScaling.metrics',
        },
      ],
      Knative: [{ effect: 'ignored', because: 'scaleTarget is always a number of requests for each replica' }],
    },
  },
  {
    place: 'component',
    field: 'autoScaling',
    example: {
      autoScaling: {
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 55 } } },
        ],
      },
    },
    decidedBy: everywhere,
    outcomes: {
      Standard: [
        { effect: 'honoured', shows: hpa('metrics.0.resource.target.averageUtilization', 55) },
        { effect: 'translated', scaledBy: ['keda'], shows: scaledObject('triggers.0.metadata.value', '55') },
        elsewhere,
      ],
      Knative: [
        {
          effect: 'ignored',
          because: 'Knative scales by one metric',
          instead: 'use scaleMetric and scaleTarget',
        },
      ],
    },
  },
  {
    place: 'component',
    field: 'autoScaling.metrics[].type',
    values: 'External, PodMetric',
    matches: (value) => value !== 'Resource',
    example: {
      autoScaling: {
        metrics: [
          {
            type: 'External',
            external: { metric: { backend: 'prometheus', query: 'up' }, target: { type: 'Value', value: '7' } },
          },
        ],
      },
    },
    decidedBy: everywhere,
    outcomes: {
      Standard: [
        {
          effect: 'ignored',
          because: 'a HorizontalPodAutoscaler here knows only metrics of type Resource',
          instead: 'annotate the service with serving.kserve.io/autoscalerClass: keda',
        },
        {
          effect: 'refused',
          scaledBy: ['hpa'],
          because:
            'is nothing that a HorizontalPodAutoscaler here knows: annotate the service with serving.kserve.io/autoscalerClass: keda',
          rule: 'metric-type',
        },
        { effect: 'translated', scaledBy: ['keda'], shows: scaledObject('triggers.0.metadata.threshold', '7') },
        { ...elsewhere, isQuiet: true },
      ],
      Knative: [{ effect: 'ignored', because: 'Knative scales by one metric', isQuiet: true }],
    },
  },
  {
    place: 'component',
    field: 'autoScaling.behavior',
    example: { autoScaling: { behavior: { scaleDown: { stabilizationWindowSeconds: 30 } } } },
    given: {},
    decidedBy: { Standard: ['component', 'cluster', 'default'], Knative: bySpec },
    outcomes: {
      Standard: [
        { effect: 'honoured', shows: hpa('behavior.scaleDown.stabilizationWindowSeconds', 30) },
        {
          effect: 'translated',
          scaledBy: ['keda'],
          shows: scaledObject(
            'advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds',
            30,
          ),
          note: 'with a stabilizationWindowSeconds, there or in the cluster’s configuration',
        },
        { ...elsewhere, isQuiet: true },
      ],
      Knative: [{ effect: 'ignored', because: 'Knative has a window instead', isQuiet: true }],
    },
  },
]
