import type { InferenceGraphSpec, InferenceGraphStatus } from '@millrace/api'
import { hostOf } from '../exposure/domain.ts'
import { findChild } from '../exposure/exposure.ts'
import type { ObserveInput, Observed } from '../seam.ts'
import { worldOf } from '../world.ts'
import { type Part, settleConditions } from './conditions.ts'
import { conditionOf, conditionsOf, deploymentState, type State, unseenReason } from './deployment-state.ts'
import { knativeState } from './knative-state.ts'
import { ignoredParts } from './ignored-part.ts'
import { byAge } from './model-status.ts'
import { podTrouble } from './pod-failure.ts'
import { scalingParts } from './scaling-part.ts'

/** A graph is ready when its router is and every service that its steps call. */
export function observeGraph(input: ObserveInput): Observed {
  const { service, rendered } = input
  const { mode, stopped } = rendered.facts
  const base = { observedGeneration: service.metadata.generation ?? 1, deploymentMode: mode }
  const stoppedPart: Part = { type: 'Stopped', status: stopped ? 'True' : 'False', isNeeded: false }
  if (stopped) {
    const message = 'The graph is stopped: remove the annotation serving.kserve.io/stop to start it.'
    const cause = { reason: 'Stopped', message }
    return { ...base, conditions: settleConditions([stoppedPart], service, input.now, cause) }
  }
  const others = mode === 'Standard' ? [] : knativeParts(input)
  const parts = [...stepsParts(input), ...others, ...scalingParts(rendered), ...ignoredParts(rendered), stoppedPart]
  const state = routerState(input)
  const router: Part = { type: routerType, ...state, isNeeded: true }
  const problem = rendered.ok ? undefined : rendered.problem
  const settled = settleConditions([...parts, router], service, input.now, problem)
  const conditions = settled.filter(({ type }) => type !== routerType)
  const url = state.status === 'True' ? urlOf(input) : keptUrl(input, state)
  return { ...base, conditions, ...(url ? { url } : {}) }
}

/** In Standard mode the address stays once it is known, as that of a service does. Knative's goes when Knative says that nothing answers there. */
function keptUrl({ service, rendered }: ObserveInput, router: State): InferenceGraphStatus['url'] {
  const isKnown = rendered.facts.mode === 'Standard' || !rendered.ok || router.reason === unseenReason
  return isKnown ? ((service['status'] ?? {}) as InferenceGraphStatus).url : undefined
}

/** A part for deriving Ready alone: what it says is said there. */
const routerType = 'RouterReady'

function routerState(input: ObserveInput): State {
  const name = input.service.metadata.name ?? ''
  const state =
    input.rendered.facts.mode === 'Standard'
      ? deploymentState(findChild(input.children, 'apps', 'Deployment', name))
      : onlyState(knativeState(findChild(input.children, 'serving.knative.dev', 'Service', name)))
  if (state.status === 'True') return state
  const trouble = [...input.pods].sort(byAge).map((pod) => podTrouble(pod))
  return { ...state, ...trouble.find((found) => found !== undefined) }
}

/** Whether the services that steps call are ready, each by its own word. None where no step calls one. */
function stepsParts({ service, world: gathered }: ObserveInput): Part[] {
  const world = worldOf(gathered)
  const { nodes } = service['spec'] as InferenceGraphSpec
  const steps = Object.entries(nodes).flatMap(([node, { steps: list = [] }]) =>
    list.flatMap(({ serviceName }, index) => (serviceName ? [{ serviceName, place: `${node}.steps[${index}]` }] : [])),
  )
  if (steps.length === 0) return []
  for (const { serviceName, place } of steps) {
    const found = world.find('InferenceService', serviceName, service.metadata.namespace)
    const ready = found && conditionOf(found, 'Ready')
    if (ready?.status === 'True') continue
    const said = ready?.message ? ` (${ready.message.replace(/\.$/, '')})` : ''
    const message = found
      ? `Service "${serviceName}" of step ${place} is not ready${said}: the graph is ready when it is.`
      : `Service "${serviceName}" of step ${place} does not exist: create it, or correct the step.`
    return [
      {
        type: stepsType,
        status: 'False',
        reason: found ? 'ServiceNotReady' : 'ServiceNotFound',
        message,
        isNeeded: true,
      },
    ]
  }
  return [{ type: stepsType, status: 'True', isNeeded: true }]
}

/** Condition that says whether all services of a graph's steps are ready. */
const stepsType = 'StepsReady'

/** What Knative says of the parts of its Service, for information. */
function knativeParts(input: ObserveInput): Part[] {
  const live = findChild(input.children, 'serving.knative.dev', 'Service', input.service.metadata.name ?? '')
  const others = conditionsOf(live).filter(({ type }) => type !== 'Ready')
  return others.map((condition) => ({ type: condition.type, ...onlyState(condition), isNeeded: false }))
}

function onlyState({ status, reason, message }: State): State {
  return { status, ...(reason ? { reason } : {}), ...(message ? { message } : {}) }
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
