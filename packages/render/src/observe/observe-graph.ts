import type { InferenceGraphStatus } from '@millrace/api'
import { hostOf } from '../exposure/domain.ts'
import { findChild } from '../exposure/exposure.ts'
import type { ObserveInput, Observed } from '../seam.ts'
import { type Part, settleConditions } from './conditions.ts'
import { conditionsOf, deploymentState, type State } from './deployment-state.ts'
import { knativeState } from './knative-state.ts'
import { scalingParts } from './scaling-part.ts'

/** A graph is ready when its router is; steps that cannot be resolved are the problem that rendering found. */
export function observeGraph(input: ObserveInput): Observed {
  const { service, rendered } = input
  const { mode, stopped } = rendered.facts
  const base = { observedGeneration: service.metadata.generation ?? 1, deploymentMode: mode }
  if (stopped) {
    const message = 'The graph is stopped: remove the annotation serving.kserve.io/stop to start it.'
    const parts: Part[] = [
      { type: 'Ready', status: 'False', reason: 'Stopped', message, isNeeded: true },
      { type: 'Stopped', status: 'True', isNeeded: false },
    ]
    return { ...base, conditions: settled(parts, input) }
  }
  const state = mode === 'Standard' ? standardState(input) : undefined
  const parts: Part[] = state ? [{ type: 'Ready', ...state, isNeeded: true }] : knativeParts(input)
  const told = rendered.ok ? parts : [...parts.filter(({ type }) => type !== 'Ready'), problemPart(input)]
  const url = told.some(({ type, status }) => type === 'Ready' && status === 'True') ? urlOf(input) : undefined
  return {
    ...base,
    conditions: settled(
      [...told, ...scalingParts(rendered), { type: 'Stopped', status: 'False', isNeeded: false }],
      input,
    ),
    ...(url ? { url } : {}),
  }
}

function settled(parts: readonly Part[], input: ObserveInput) {
  const ready = parts.filter(({ type }) => type === 'Ready')
  const others = parts.filter(({ type }) => type !== 'Ready').map((part) => ({ ...part, isNeeded: false }))
  const asPart = ready.map((part) => ({ ...part, type: 'RouterReady' }))
  const conditions = settleConditions([...others, ...asPart], input.service, input.now)
  return conditions.filter(({ type }) => type !== 'RouterReady')
}

function standardState(input: ObserveInput): State {
  return deploymentState(findChild(input.children, 'apps', 'Deployment', input.service.metadata.name ?? ''))
}

function knativeParts(input: ObserveInput): Part[] {
  const live = findChild(input.children, 'serving.knative.dev', 'Service', input.service.metadata.name ?? '')
  const others = conditionsOf(live).filter(({ type }) => type !== 'Ready')
  return [
    { type: 'Ready', ...onlyState(knativeState(live)), isNeeded: true },
    ...others.map((condition) => ({ type: condition.type, ...onlyState(condition), isNeeded: false })),
  ]
}

function onlyState({ status, reason, message }: State): State {
  return { status, ...(reason ? { reason } : {}), ...(message ? { message } : {}) }
}

function problemPart({ rendered }: ObserveInput): Part {
  const problem = rendered.ok ? { reason: '', message: '' } : rendered.problem
  return { type: 'Ready', status: 'False', reason: problem.reason, message: problem.message, isNeeded: true }
}

function urlOf(input: ObserveInput): InferenceGraphStatus['url'] {
  const { service, rendered, config } = input
  const { name = '', namespace = '', labels = {}, annotations = {} } = service.metadata
  if (rendered.facts.mode === 'Standard') {
    const host = hostOf(name, { namespace, labels, annotations }, config.ingress)
    return host.ok ? `http://${host.text}` : undefined
  }
  const url: unknown = Object(findChild(input.children, 'serving.knative.dev', 'Service', name)?.['status']).url
  return typeof url === 'string' ? url : undefined
}
