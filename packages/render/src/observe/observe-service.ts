import type { InferenceServiceSpec, InferenceServiceStatus } from '@millrace/api'
import type { ModeStatus } from './mode-status.ts'
import { componentsOf } from './live-child.ts'
import { readyTypes } from '../component-condition.ts'
import { missingParts } from '../missing-piece.ts'
import type { Problem } from '../decision.ts'
import type { ComponentName } from '../names.ts'
import type { ObserveInput, Observed } from '../seam.ts'
import { settleConditions, type Part } from './conditions.ts'
import { byAge, type ModelStatus, modelStatus, refusedModelStatus } from './model-status.ts'
import { observeKnative } from './observe-knative.ts'
import { observeStandard } from './observe-standard.ts'
import { ignoredParts } from './ignored-part.ts'
import { scalingParts } from './scaling-part.ts'
import { podTrouble } from './pod-failure.ts'

export function observeService(input: ObserveInput): Observed {
  const { service, rendered } = input
  const { facts } = rendered
  const previous = (service['status'] ?? {}) as InferenceServiceStatus
  // Another controller looks after these, stopped or not.
  if (facts.mode === 'ModelMesh') return { ...previous, deploymentMode: facts.mode }
  if (facts.stopped && rendered.ok) return stoppedStatus(input)
  const mode = facts.mode === 'Standard' ? observeStandard(input) : observeKnative(input)
  const parts = explain(mode)
  const problem = rendered.ok ? undefined : rendered.problem
  const stopped: Part = { type: 'Stopped', status: 'False', isNeeded: false }
  const told = [
    ...(problem ? withProblem(parts, problem) : parts),
    ...scalingParts(rendered),
    ...ignoredParts(rendered),
    stopped,
  ]
  const lacking = missingParts(rendered).find(({ isNeeded }) => isNeeded)
  const conditions = settleConditions(told, service, input.now, problem ?? lacking)
  const isServing =
    !problem && told.every(({ type, status, isNeeded }) => !isNeeded || status === 'True' || type === lacking?.type)
  const model = modelOf(input, mode, isServing)
  return {
    ...mode.fields,
    observedGeneration: service.metadata.generation ?? 1,
    conditions,
    deploymentMode: facts.mode,
    ...(model ? { modelStatus: model } : {}),
    ...runtimeFields(input),
  }
}

/** A component that is not ready says what its newest troubled pod says: that is the cause. */
function explain(mode: ModeStatus): readonly Part[] {
  const components = Object.keys(readyTypes) as ComponentName[]
  return mode.parts.map((part) => {
    const component = components.find((name) => readyTypes[name] === part.type)
    if (!component || part.status === 'True') return part
    const pods = [...(mode.pods[component] ?? [])].sort(byAge)
    const trouble = pods.map((pod) => podTrouble(pod)).find((found) => found !== undefined)
    return trouble ? { ...part, ...trouble } : part
  })
}

/** Something missing in the cluster, an API server that fails, or what is wrong with another component says nothing about the model. */
function modelOf({ service, rendered }: ObserveInput, mode: ModeStatus, isServing: boolean): ModelStatus | undefined {
  const previous = (service['status'] as InferenceServiceStatus | undefined)?.modelStatus
  const problem = rendered.ok ? undefined : rendered.problem
  if (problem?.reason.endsWith('NotInstalled') || problem?.reason === 'InternalError') return previous
  if (problem && (problem.condition ?? 'PredictorReady') === 'PredictorReady')
    return refusedModelStatus(problem, previous)
  if (problem && previous) return previous
  return modelStatus({ pods: mode.pods.predictor ?? [], isReady: isServing, hasFailed: mode.hasFailed, previous })
}

/** The part that the problem belongs to says it. */
function withProblem(parts: readonly Part[], problem: Problem): readonly Part[] {
  const { reason, message, condition = 'PredictorReady' } = problem
  const told: Part = { type: condition, status: 'False', reason, message, isNeeded: true }
  return [...parts.filter(({ type }) => type !== condition), told]
}

function runtimeFields({ service, rendered }: ObserveInput): Partial<InferenceServiceStatus> {
  const previous = (service['status'] ?? {}) as InferenceServiceStatus
  const { runtime } = rendered.facts
  if (runtime)
    return runtime.scope === 'cluster'
      ? { clusterServingRuntimeName: runtime.name }
      : { servingRuntimeName: runtime.name }
  if (rendered.ok) return {}
  const { clusterServingRuntimeName, servingRuntimeName } = previous
  return {
    ...(clusterServingRuntimeName ? { clusterServingRuntimeName } : {}),
    ...(servingRuntimeName ? { servingRuntimeName } : {}),
  }
}

function stoppedStatus(input: ObserveInput): Observed {
  const { service, rendered } = input
  const spec = service['spec'] as InferenceServiceSpec
  const message = 'The service is stopped: remove the annotation serving.kserve.io/stop to start it.'
  const types = [
    'PredictorReady',
    ...componentsOf(spec)
      .filter((c) => c !== 'predictor')
      .map((c) => readyTypes[c]),
    ...(spec.canary?.length ? ['CanaryPredictorReady'] : []),
    'IngressReady',
  ]
  const needed = ['PredictorReady', 'IngressReady']
  const parts = types.map(
    (type): Part => ({ type, status: 'False', reason: 'Stopped', message, isNeeded: needed.includes(type) }),
  )
  const stopped: Part = { type: 'Stopped', status: 'True', isNeeded: false }
  const canaries = (spec.canary ?? []).map(({ predictor, trafficPercent }) => ({
    name: predictor.name ?? '',
    ready: false,
    trafficPercent,
  }))
  return {
    ...(canaries.length > 0 ? { canaryStatuses: canaries } : {}),
    observedGeneration: service.metadata.generation ?? 1,
    conditions: settleConditions([...parts, stopped], service, input.now),
    deploymentMode: rendered.facts.mode,
    modelStatus: { transitionStatus: '' },
    ...runtimeFields(input),
  }
}
