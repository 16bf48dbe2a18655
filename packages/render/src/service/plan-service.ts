import type { CanarySpec, PredictorSpec } from '@millrace/api'
import type { Decision } from '../decision.ts'
import type { Plan, Workload } from '../plan.ts'
import { omit } from '../omit.ts'
import { overlayFields } from '../runtime/strategic-merge.ts'
import { planExplainer, planTransformer } from './plan-component.ts'
import { isMultiModel, planPredictor } from './plan-predictor.ts'
import type { PlanningInput, Refusal } from './planning.ts'

export type ServicePlan = { readonly ok: true; readonly plan: Plan; readonly decisions: readonly Decision[] } | Refusal

/** InferenceService → Plan: which runtime, which pods, how many of them, under which names. */
export function planService(input: PlanningInput): ServicePlan {
  const { service } = input
  const { predictor, transformer, explainer } = service.spec
  const main = planPredictor(predictor, undefined, input)
  if (!main.ok) return main
  const decisions = [...service.decisions, ...main.decisions]
  const workloads: Workload[] = [main.workload]
  if (service.mode === 'Standard') {
    for (const canary of service.spec.canary ?? []) {
      const planned = planPredictor(canaryPredictor(predictor, canary), canary.predictor.name ?? '', input)
      if (!planned.ok) return { ...planned, runtime: main.runtime }
      workloads.push(planned.workload)
    }
  }
  const labels = { ...service.labels, ...main.labels }
  const others = [
    transformer && planTransformer(transformer, labels, input),
    explainer && planExplainer(explainer, labels, input),
  ]
  for (const planned of others) {
    if (!planned) continue
    if (!planned.ok) return { ...planned, decisions, runtime: main.runtime }
    workloads.push(planned.workload)
  }
  const { apiVersion, kind, name, namespace, uid, generation, annotations } = service
  const plan: Plan = {
    owner: { apiVersion, kind, name, namespace, uid, generation, labels: service.labels, annotations },
    labels,
    workloads,
    predictor,
    isMultiModel: isMultiModel(predictor),
    ...(main.runtime ? { runtime: main.runtime } : {}),
  }
  return { ok: true, plan, decisions }
}

/** How many pods a canary gets that does not say so: its share of the main predictor's. */
export function canaryReplicas(predictor: PredictorSpec, canary: CanarySpec): number {
  return canary.predictor.minReplicas ?? Math.ceil(((predictor.minReplicas ?? 1) * canary.trafficPercent) / 100)
}

/** Fields that a canary does not take over: it has a fixed number of pods, and says itself what it downloads. */
const notInherited = [
  'maxReplicas',
  'scaleTarget',
  'scaleMetric',
  'autoScaling',
  'storageUris',
  'deploymentStrategy',
] as const

/** A canary's predictor is the main one with the canary's fields over it. */
function canaryPredictor(main: PredictorSpec, canary: CanarySpec): PredictorSpec {
  const merged = overlayFields(omit(main, ...notInherited), canary.predictor)
  return { ...merged, minReplicas: canaryReplicas(main, canary) }
}
