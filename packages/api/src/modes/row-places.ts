import type { Decider, Outcome, Shown } from './field-row.ts'

/** What the rows of components have in common: where fields show, and who decides. */

export const hpa = (path: string, value: unknown): Shown => ({
  kind: 'HorizontalPodAutoscaler',
  path: `spec.${path}`,
  value,
})
export const scaledObject = (path: string, value: unknown): Shown => ({
  kind: 'ScaledObject',
  path: `spec.${path}`,
  value,
})
export const deployment = (path: string, value: unknown): Shown => ({ kind: 'Deployment', path: `spec.${path}`, value })
export const revision = (key: string, value: string): Shown => ({
  kind: 'KnativeService',
  path: `spec.template.metadata.annotations[${key}]`,
  value,
})
export const knativePod = (field: string, value: unknown): Shown => ({
  kind: 'KnativeService',
  path: `spec.template.spec.${field}`,
  value,
})

export const bySpec: readonly Decider[] = ['component', 'default']
export const byScaleSpec = { Standard: bySpec, Knative: ['annotation', 'component', 'cluster', 'default'] as const }
export const everywhere = { Standard: bySpec, Knative: bySpec }

export const elsewhere = {
  effect: 'ignored',
  scaledBy: ['external', 'none'],
  because: 'nothing here scales the service with that autoscaler class',
} as const satisfies Outcome
export const notByKeda: Outcome = {
  effect: 'ignored',
  scaledBy: ['keda'],
  because: 'KEDA scales by what autoScaling.metrics say',
  instead: 'write the value to hold there',
}
