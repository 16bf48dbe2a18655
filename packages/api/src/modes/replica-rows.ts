import { knativeKeys } from '../wire-keys.ts'
import type { FieldRow } from './field-row.ts'
import { byScaleSpec, bySpec, deployment, elsewhere, hpa, revision, scaledObject } from './row-places.ts'

/** How many replicas. */
export const replicaRows: readonly FieldRow[] = [
  {
    place: 'component',
    field: 'minReplicas',
    values: '1 or more',
    matches: (value) => Number(value) > 0,
    example: { minReplicas: 2 },
    decidedBy: byScaleSpec,
    outcomes: {
      Standard: [
        { effect: 'honoured', shows: hpa('minReplicas', 2) },
        { effect: 'honoured', scaledBy: ['keda'], shows: scaledObject('minReplicaCount', 2) },
        { effect: 'honoured', scaledBy: ['none'], shows: deployment('replicas', 2) },
        {
          effect: 'translated',
          scaledBy: ['external'],
          shows: { kind: 'PodDisruptionBudget', path: 'spec.maxUnavailable', value: 1 },
          note: 'how many there are is the other autoscaler’s to decide',
        },
      ],
      Knative: [{ effect: 'honoured', shows: revision(knativeKeys.minScale, '2') }],
    },
  },
  {
    place: 'component',
    field: 'minReplicas',
    values: '2 or more (disruption budget)',
    matches: (value) => Number(value) > 1,
    example: { minReplicas: 2 },
    decidedBy: byScaleSpec,
    outcomes: {
      Standard: [
        {
          effect: 'translated',
          shows: { kind: 'PodDisruptionBudget', path: 'spec.maxUnavailable', value: 1 },
          note: 'a drain takes one pod at a time',
        },
      ],
      Knative: [
        {
          effect: 'honoured',
          shows: { kind: 'PodDisruptionBudget', path: '', absent: true },
          note: 'without a disruption budget: Knative looks after its pods itself',
        },
      ],
    },
  },
  {
    place: 'component',
    field: 'minReplicas',
    values: '0',
    matches: (value) => value === 0,
    example: { minReplicas: 0 },
    decidedBy: byScaleSpec,
    outcomes: {
      Standard: [
        {
          effect: 'ignored',
          because: 'a HorizontalPodAutoscaler keeps at least one replica',
          instead: 'use the autoscaler class keda, or Knative mode, to scale to zero',
        },
        { effect: 'honoured', scaledBy: ['keda'], shows: scaledObject('minReplicaCount', 0) },
        { effect: 'honoured', scaledBy: ['none'], shows: deployment('replicas', 0) },
        { effect: 'ignored', scaledBy: ['external'], because: 'the other autoscaler decides' },
      ],
      Knative: [{ effect: 'honoured', shows: revision(knativeKeys.minScale, '0') }],
    },
  },
  {
    place: 'component',
    field: 'maxReplicas',
    values: '1 or more',
    matches: (value) => Number(value) > 0,
    example: { maxReplicas: 3 },
    decidedBy: { Standard: bySpec, Knative: ['annotation', 'component', 'cluster'] },
    outcomes: {
      Standard: [
        { effect: 'honoured', shows: hpa('maxReplicas', 3) },
        { effect: 'honoured', scaledBy: ['keda'], shows: scaledObject('maxReplicaCount', 3) },
        elsewhere,
      ],
      Knative: [{ effect: 'honoured', shows: revision(knativeKeys.maxScale, '3') }],
    },
  },
  {
    place: 'component',
    field: 'maxReplicas',
    values: '0 (no limit)',
    matches: (value) => value === 0,
    example: { maxReplicas: 0 },
    decidedBy: { Standard: bySpec, Knative: ['annotation', 'component', 'cluster'] },
    outcomes: {
      Standard: [
        {
          effect: 'ignored',
          because: 'an autoscaler of Kubernetes needs a greatest number, so the service stays at minReplicas',
          instead: 'write the number',
        },
        elsewhere,
      ],
      Knative: [{ effect: 'honoured', shows: revision(knativeKeys.maxScale, '0') }],
    },
  },
]
