import type { InferenceServiceSpec, InferenceServiceStatus } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { findChild } from '../exposure/exposure.ts'
import type { Problem } from '../decision.ts'
import { type ComponentName, componentName, predictorName } from '../names.ts'
import type { ObserveInput, Observed } from '../seam.ts'
import { settleConditions, type Part } from './conditions.ts'
import { modelStatus, podFailure, refusedModelStatus } from './model-status.ts'
import { observeKnative } from './observe-knative.ts'
import { observeStandard } from './observe-standard.ts'

/** What one mode knows about a service: its parts, and the fields that are the mode's own. */
export interface ModeStatus {
  readonly parts: readonly Part[]
  readonly fields: Partial<InferenceServiceStatus>
  /** Pods of the predictor as it shall be. */
  readonly pods: readonly KubeObject[]
  readonly hasFailed: boolean
}

export const readyTypes: Readonly<Record<ComponentName, string>> = {
  predictor: 'PredictorReady',
  transformer: 'TransformerReady',
  explainer: 'ExplainerReady',
}

export function observeService(input: ObserveInput): Observed {
  const { service, rendered } = input
  const { facts } = rendered
  if (facts.stopped && rendered.ok) return stoppedStatus(input)
  const previous = (service['status'] ?? {}) as InferenceServiceStatus
  if (facts.mode === 'ModelMesh') return { ...previous, deploymentMode: facts.mode }
  const mode = facts.mode === 'Standard' ? observeStandard(input) : observeKnative(input)
  const explained = explain(mode)
  const refusedParts = rendered.ok ? explained : withProblem(explained, input)
  const stopped: Part = { type: 'Stopped', status: 'False', isNeeded: false }
  const conditions = settleConditions([...refusedParts, stopped], service, input.now)
  const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
  const model = rendered.ok
    ? modelStatus({ pods: mode.pods, isReady, hasFailed: mode.hasFailed, previous: previous.modelStatus })
    : isAboutSpec(rendered.problem)
      ? refusedModelStatus(rendered.problem, previous.modelStatus)
      : previous.modelStatus
  return {
    ...mode.fields,
    observedGeneration: service.metadata.generation ?? 1,
    conditions,
    deploymentMode: facts.mode,
    ...(model ? { modelStatus: model } : {}),
    ...runtimeFields(input),
  }
}

/** A part that is not ready says what its newest failing pod says: that is the cause. */
function explain(mode: ModeStatus): readonly Part[] {
  const failure = mode.pods.map((pod) => podFailure(pod)).find((found) => found !== undefined)
  if (!failure) return mode.parts
  return mode.parts.map((part) => {
    if (part.type !== 'PredictorReady' || part.status === 'True') return part
    const message = `Pod ${failure.location} failed${failure.exitCode === undefined ? '' : ` with exit code ${failure.exitCode}`}: ${lastSentence(failure.message)} Correct the cause; the pod is tried again by itself.`
    return { ...part, reason: failure.reason ?? part.reason ?? 'ModelLoadFailed', message }
  })
}

/** Programs say what ended them last; what came before is in the model status and in the log. */
function lastSentence(said: string | undefined): string {
  const line = said?.trimEnd().split('\n').at(-1)?.trim()
  if (!line) return 'it said nothing.'
  return /[.!?]$/.test(line) ? line : `${line}.`
}

/** Something missing in the cluster is no fault of the spec. */
function isAboutSpec({ condition, reason }: Problem): boolean {
  return (condition === undefined || condition === 'PredictorReady') && !reason.endsWith('NotInstalled')
}

/** The part that the problem belongs to says it. */
function withProblem(parts: readonly Part[], { rendered }: ObserveInput): readonly Part[] {
  if (rendered.ok) return parts
  const { reason, message, condition = 'PredictorReady' } = rendered.problem
  const part: Part = { type: condition, status: 'False', reason, message, isNeeded: true }
  return [...parts.filter(({ type }) => type !== condition), part]
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

export function componentsOf(spec: InferenceServiceSpec): readonly ComponentName[] {
  return [
    'predictor',
    ...(spec.transformer ? (['transformer'] as const) : []),
    ...(spec.explainer ? (['explainer'] as const) : []),
  ]
}

/** Name of a component's Deployment or Knative Service. */
export function objectName(service: KubeObject, component: ComponentName): string {
  const spec = service['spec'] as InferenceServiceSpec
  const name = service.metadata.name ?? ''
  return component === 'predictor' ? predictorName(name, spec.predictor.name) : componentName(name, component)
}

export function liveChild(input: ObserveInput, group: string, kind: string, name: string): KubeObject | undefined {
  return findChild(input.children, group, kind, name)
}
