import type { InferenceServiceSpec, InferenceServiceStatus } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { pathOf } from '../exposure/domain.ts'
import { knativeKeys } from '../keys.ts'
import { serviceHost } from '../names.ts'
import { withoutComponent } from '../backend/virtual-service.ts'
import { readyTypes } from '../component-condition.ts'
import type { ObserveInput } from '../seam.ts'
import type { Part } from './conditions.ts'
import { conditionsOf, type State } from './deployment-state.ts'
import { knativeState, knativeUrl } from './knative-state.ts'
import { componentsOf, liveChild, objectName } from './live-child.ts'
import type { ModeStatus } from './mode-status.ts'

type Component = NonNullable<InferenceServiceStatus['components']>[string]
type Name = ReturnType<typeof componentsOf>[number]

const routeTypes = {
  predictor: 'PredictorRouteReady',
  transformer: 'TransformerRouteReady',
  explainer: 'ExplainerRoutesReady',
} as const
const configurationTypes = {
  predictor: 'PredictorConfigurationReady',
  transformer: 'TransformerConfigurationReady',
  explainer: 'ExplainerConfigurationReady',
} as const

/** A service in Knative mode: what its Knative Services say, and the way in. */
export function observeKnative(input: ObserveInput): ModeStatus {
  const { service } = input
  const spec = service['spec'] as InferenceServiceSpec
  const names = componentsOf(spec)
  const lives = names.map((name) => ({
    name,
    live: liveChild(input, 'serving.knative.dev', 'Service', objectName(service, name)),
  }))
  const parts = lives.flatMap(({ name, live }) => componentParts(name, live))
  parts.push(
    together(
      'RoutesReady',
      'routes',
      names.map((name) => find(parts, routeTypes[name])),
    ),
  )
  parts.push(
    together(
      'LatestDeploymentReady',
      'newest revisions',
      names.map((name) => find(parts, configurationTypes[name])),
    ),
  )
  const components: Record<string, Component> = {}
  for (const { name, live } of lives)
    components[name] = componentStatus(name, live, service, input.config.ingress.urlScheme)
  const entry = addresses(input, spec, names, parts)
  parts.push({ type: 'IngressReady', ...entry.state, isNeeded: true })
  const predictor = lives.find(({ name }) => name === 'predictor')?.live
  return {
    parts,
    fields: { components, ...entry.fields },
    pods: Object.fromEntries(names.map((name) => [name, revisionPods(input, components[name]?.latestCreatedRevision)])),
    hasFailed: conditionsOf(predictor).some(({ status }) => status === 'False'),
  }
}

function componentParts(name: Name, live: KubeObject | undefined): Part[] {
  const ready: Part = { type: readyTypes[name], ...stateOnly(knativeState(live)), isNeeded: name === 'predictor' }
  const has = (type: string) => conditionsOf(live).some((condition) => condition.type === type)
  return [
    ready,
    ...(has('RoutesReady')
      ? [{ type: routeTypes[name], ...stateOnly(knativeState(live, 'RoutesReady')), isNeeded: false }]
      : []),
    ...(has('ConfigurationsReady')
      ? [{ type: configurationTypes[name], ...stateOnly(knativeState(live, 'ConfigurationsReady')), isNeeded: false }]
      : []),
  ]
}

function stateOnly({ status, reason, message }: State): State {
  return { status, ...(reason ? { reason } : {}), ...(message ? { message } : {}) }
}

function find(parts: readonly Part[], type: string): Part {
  return parts.find((part) => part.type === type) ?? { type, status: 'Unknown', isNeeded: false }
}

/** One condition for the same part of all components. */
function together(type: string, what: string, parts: readonly Part[]): Part {
  const worst = parts.find(({ status }) => status === 'False') ?? parts.find(({ status }) => status === 'Unknown')
  if (!worst) return { type, status: 'True', isNeeded: false }
  const message = `The ${what} wait for ${worst.type}${worst.message ? `: ${worst.message}` : '.'}`
  return { type, status: worst.status, reason: `${worst.type}NotReady`, message, isNeeded: false }
}

interface Traffic {
  readonly revisionName?: string
  readonly latestRevision?: boolean
  readonly percent?: number
}

interface KnativeStatus {
  readonly latestCreatedRevisionName?: string
  readonly latestReadyRevisionName?: string
  readonly traffic?: readonly Traffic[]
  readonly address?: { readonly url?: string }
}

function componentStatus(name: Name, live: KubeObject | undefined, service: KubeObject, scheme: string): Component {
  const status = Object(live?.['status']) as KnativeStatus
  const previous = Object(Object(Object(service['status']).components)[name]) as Component
  const rollout = rolledOut(status, previous)
  const url = knativeUrl(live, service, name)?.replace(/^\w+:/, `${scheme}:`)
  const isReady = knativeState(live).status === 'True'
  const address = isReady && status.address?.url ? { url: status.address.url } : previous.address
  const { latestCreatedRevisionName: created, latestReadyRevisionName: ready } = status
  return {
    ...(created ? { latestCreatedRevision: created } : {}),
    ...(ready ? { latestReadyRevision: ready } : {}),
    ...rollout,
    ...(status.traffic ? { traffic: status.traffic } : {}),
    ...(url ? { url } : {}),
    ...(address ? { address } : {}),
  }
}

/**
 * Which revision has had all the traffic last, and which before it: a canary's other share goes back to it.
 *
 *     rev 1 at 100 %  →  last = 1
 *     rev 2 at 10 %   →  last = 1            (rev 1 keeps 90 %)
 *     rev 2 at 100 %  →  last = 2, previous = 1
 *     rev 2 at 20 %   →  last = 1 again      (rolled back)
 */
function rolledOut(
  status: KnativeStatus,
  previous: Component,
): Pick<Component, 'latestRolledoutRevision' | 'previousRolledoutRevision'> {
  const { latestReadyRevisionName: ready, latestCreatedRevisionName: created, traffic = [] } = status
  let last = previous.latestRolledoutRevision
  let before = previous.previousRolledoutRevision
  const latest = traffic.find((target) => target.latestRevision === true && target.revisionName === ready)
  if (ready !== undefined && latest) {
    if (last !== ready) {
      if (latest.percent === 100) {
        before = last
        last = ready
      }
    } else if (ready === created && (latest.percent ?? 0) < 100 && shareOf(traffic, ready) === 100 && before) {
      last = before
    }
  }
  return {
    ...(last ? { latestRolledoutRevision: last } : {}),
    ...(before ? { previousRolledoutRevision: before } : {}),
  }
}

function shareOf(traffic: readonly Traffic[], revision: string): number {
  return traffic.reduce((sum, target) => sum + (target.revisionName === revision ? (target.percent ?? 0) : 0), 0)
}

function revisionPods(input: ObserveInput, revision: string | undefined): readonly KubeObject[] {
  return input.pods.filter((pod) => pod.metadata.labels?.[knativeKeys.revision] === (revision ?? ''))
}

interface Entry {
  readonly state: State & Pick<Part, 'waitsFor'>
  readonly fields: Partial<InferenceServiceStatus>
}

function addresses(
  input: ObserveInput,
  spec: InferenceServiceSpec,
  names: readonly Name[],
  parts: readonly Part[],
): Entry {
  const { service, config } = input
  const previous = (service['status'] ?? {}) as InferenceServiceStatus
  const { url, address } = previous
  const kept = { ...(url ? { url } : {}), ...(address ? { address } : {}) }
  const { ingress } = config
  const isDirect = ingress.disableIstioVirtualHost === true
  const front: Name = spec.transformer ? 'transformer' : 'predictor'
  // Without a host for the whole service its address is that of the component in front.
  const order: readonly Name[] = isDirect ? [front] : ['predictor', 'transformer', 'explainer']
  const live = liveChild(input, 'serving.knative.dev', 'Service', objectName(service, front))
  const frontUrl = knativeUrl(live, service, front)
  // Once open, the way in stays open: it leads to the revision that still serves. One that comes in front has to be known.
  const waitsFor = url ? (frontUrl === undefined ? [front] : []) : order
  const waiting = waitsFor
    .filter((name) => names.includes(name))
    .map((name) => find(parts, readyTypes[name]))
    .find(({ status }) => status !== 'True')
  if (waiting) {
    const message = `The way in is opened when ${waiting.type} is true.`
    return {
      state: {
        status: waiting.status,
        reason: `${waiting.type.replace('Ready', '')}NotReady`,
        message,
        waitsFor: waiting.type,
      },
      fields: kept,
    }
  }
  if (frontUrl === undefined)
    return {
      state: { status: 'Unknown', reason: 'UrlUnknown', message: 'Knative has not said the URL yet.' },
      fields: kept,
    }
  const namespace = service.metadata.namespace ?? ''
  const name = service.metadata.name ?? ''
  const parsed = new URL(frontUrl)
  const host = isDirect ? parsed.host : withoutComponent(parsed.host, front)
  const path = pathOf(name, namespace, ingress)
  const publicUrl =
    ingress.pathTemplate && path.ok
      ? `${ingress.urlScheme}://${ingress.ingressDomain}${path.text}`
      : `${ingress.urlScheme}://${host}`
  const inner = serviceHost(isDirect ? objectName(service, front) : name, namespace)
  return { state: { status: 'True' }, fields: { url: publicUrl, address: { url: `http://${inner}` } } }
}
