import { annotations as keys, clusterLocalVisibility, knativeKeys, labels } from '../wire-keys.ts'
import type { FieldRow, Outcome } from './field-row.ts'

const byAnnotation = { Standard: ['annotation', 'default'], Knative: ['annotation', 'default'] } as const

const onRevision = (key: string, value: string): Outcome => ({
  effect: 'honoured',
  shows: { kind: 'KnativeService', path: `spec.template.metadata.annotations[${key}]`, value },
})

/** Knative's own settings of a revision. */
function knativeRow(key: string, value: string, instead?: string): FieldRow {
  return {
    place: 'annotation',
    field: key,
    example: { [key]: value },
    decidedBy: { Standard: ['default'], Knative: ['annotation', 'component', 'cluster', 'default'] },
    outcomes: {
      Standard: [
        { effect: 'ignored', because: 'only Knative reads it', ...(instead === undefined ? {} : { instead }) },
      ],
      Knative: [onRevision(key, value)],
    },
  }
}

const older = (key: string, value: string, instead: string): FieldRow => ({
  place: 'annotation',
  field: key,
  example: { [key]: value },
  decidedBy: { Standard: ['component', 'default'], Knative: ['component', 'default'] },
  outcomes: {
    Standard: [{ effect: 'ignored', because: 'nothing reads this older annotation', instead }],
    Knative: [{ effect: 'ignored', because: 'nothing reads this older annotation', instead }],
  },
})

export const annotationRows: readonly FieldRow[] = [
  {
    place: 'annotation',
    field: keys.autoscalerClass,
    example: { [keys.autoscalerClass]: 'external' },
    decidedBy: byAnnotation,
    outcomes: {
      Standard: [
        {
          effect: 'honoured',
          shows: { kind: 'HorizontalPodAutoscaler', path: '', absent: true },
          note: 'hpa and keda make their objects, external and none make none',
        },
      ],
      Knative: [
        { effect: 'ignored', because: 'Knative scales by itself', instead: `use ${knativeKeys.autoscalerClass}` },
      ],
    },
  },
  knativeRow(knativeKeys.autoscalerClass, 'hpa.autoscaling.knative.dev', `use ${keys.autoscalerClass}`),
  knativeRow(knativeKeys.minScale, '2', 'set minReplicas'),
  knativeRow(knativeKeys.maxScale, '4', 'set maxReplicas'),
  knativeRow(knativeKeys.initialScale, '3', 'set minReplicas'),
  knativeRow(knativeKeys.target, '9', 'set scaleTarget'),
  knativeRow(knativeKeys.metric, 'rps', 'set scaleMetric'),
  knativeRow(knativeKeys.targetUtilization, '70', 'set scaleTarget'),
  knativeRow(knativeKeys.window, '40s', 'set autoScaling.behavior'),
  knativeRow(knativeKeys.scaleDownDelay, '15m', 'set autoScaling.behavior'),
  {
    place: 'annotation',
    field: knativeKeys.rolloutDuration,
    example: { [knativeKeys.rolloutDuration]: '120s' },
    decidedBy: { Standard: ['default'], Knative: ['annotation', 'cluster'] },
    outcomes: {
      Standard: [{ effect: 'ignored', because: 'only Knative reads it', instead: 'set deploymentStrategy' }],
      Knative: [
        {
          effect: 'honoured',
          shows: {
            kind: 'KnativeService',
            path: `metadata.annotations[${knativeKeys.rolloutDuration}]`,
            value: '120s',
          },
        },
      ],
    },
  },
  {
    place: 'annotation',
    field: knativeKeys.progressDeadline,
    example: { [knativeKeys.progressDeadline]: '2m' },
    decidedBy: { Standard: ['annotation', 'default'], Knative: ['annotation', 'cluster'] },
    outcomes: {
      Standard: [
        {
          effect: 'translated',
          shows: { kind: 'Deployment', path: 'spec.progressDeadlineSeconds', value: 120 },
        },
      ],
      Knative: [onRevision(knativeKeys.progressDeadline, '2m')],
    },
  },
  {
    place: 'annotation',
    field: keys.enableTagRouting,
    values: 'true',
    matches: (value) => value === 'true',
    example: { [keys.enableTagRouting]: 'true' },
    decidedBy: byAnnotation,
    outcomes: {
      Standard: [{ effect: 'ignored', because: 'only Knative has revisions with addresses of their own' }],
      Knative: [
        { effect: 'translated', shows: { kind: 'KnativeService', path: 'spec.traffic.0.tag', value: 'latest' } },
      ],
    },
  },
  older(keys.autoscalerMetric, 'cpu', 'set scaleMetric'),
  older(keys.targetUtilizationPercentage, '60', 'set scaleTarget'),
  {
    place: 'label',
    field: labels.visibility,
    values: clusterLocalVisibility,
    matches: (value) => value === clusterLocalVisibility,
    example: { [labels.visibility]: clusterLocalVisibility },
    decidedBy: { Standard: ['service', 'cluster'], Knative: ['service', 'cluster'] },
    outcomes: {
      Standard: [{ effect: 'honoured', shows: { kind: 'Ingress', path: '', absent: true } }],
      Knative: [
        {
          effect: 'ignored',
          because: 'Knative has a label of its own for that',
          instead: `label the service with ${knativeKeys.visibility}: ${clusterLocalVisibility}`,
        },
      ],
    },
  },
  {
    place: 'label',
    field: knativeKeys.visibility,
    values: clusterLocalVisibility,
    matches: (value) => value === clusterLocalVisibility,
    example: { [knativeKeys.visibility]: clusterLocalVisibility },
    decidedBy: { Standard: ['default'], Knative: ['service', 'cluster'] },
    outcomes: {
      Standard: [
        {
          effect: 'ignored',
          because: 'only Knative reads it',
          instead: `label the service with ${labels.visibility}: ${clusterLocalVisibility}`,
        },
      ],
      Knative: [
        {
          effect: 'honoured',
          shows: {
            kind: 'KnativeService',
            path: `metadata.labels[${knativeKeys.visibility}]`,
            value: clusterLocalVisibility,
          },
        },
      ],
    },
  },
]
