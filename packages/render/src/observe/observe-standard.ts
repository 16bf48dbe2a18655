import type { InferenceServiceSpec, InferenceServiceStatus } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { hostOf } from '../exposure/domain.ts'
import { isInternal } from '../exposure/exposure.ts'
import { isGrpc } from '../backend/service.ts'
import { httpPort, labelKeys } from '../keys.ts'
import {
  appLabel,
  type ComponentName,
  componentName,
  predictorName,
  serviceHost,
  workerAppLabel,
  workerName,
} from '../names.ts'
import { readyTypes } from '../component-condition.ts'
import { missingParts } from '../missing-piece.ts'
import type { ObserveInput } from '../seam.ts'
import type { Part } from './conditions.ts'
import { conditionsOf, deploymentStates, type State, unseenReason } from './deployment-state.ts'
import { modelStatus } from './model-status.ts'
import { componentsOf, liveChild, objectName } from './live-child.ts'
import type { ModeStatus } from './mode-status.ts'

type Components = NonNullable<InferenceServiceStatus['components']>
type Canaries = NonNullable<InferenceServiceStatus['canaryStatuses']>

const ingressType = 'IngressReady'

/** A service in Standard mode: its Deployments, and its Ingress or routes. */
export function observeStandard(input: ObserveInput): ModeStatus {
  const { service } = input
  const spec = service['spec'] as InferenceServiceSpec
  const previous = (service['status'] ?? {}) as InferenceServiceStatus
  const parts: Part[] = []
  const components: Record<string, Components[string]> = {}
  for (const component of componentsOf(spec)) {
    const state = deploymentStates(deploymentsOf(input, spec, component))
    parts.push({ type: readyTypes[component], ...state, isNeeded: component === 'predictor' })
    const host = hostOf(componentName(service.metadata.name ?? '', component), metaOf(service), input.config.ingress)
    const url = state.status === 'True' && host.ok ? `http://${host.text}` : previous.components?.[component]?.url
    components[component] = url ? { url } : {}
  }
  const canaries = canaryStatuses(input, spec)
  if (canaries.length > 0) parts.push(canaryPart(canaries))
  const missing = missingParts(input.rendered)
  const noWayIn = missing.find(({ type }) => type === ingressType)
  const ingress: Part = noWayIn ?? { type: ingressType, ...ingressState(input, parts), isNeeded: true }
  const isOpen = ingress.status === 'True'
  const answersInside = noWayIn !== undefined && componentsOf(spec).every((name) => isTrue(parts, readyTypes[name]))
  return {
    parts: [...parts, ...missing.filter((part) => part !== noWayIn), ingress],
    fields: {
      components,
      ...addresses(input, { isOpen, answersInside }),
      ...(canaries.length > 0 ? { canaryStatuses: canaries } : {}),
    },
    pods: Object.fromEntries(componentsOf(spec).map((component) => [component, podsOf(input, spec, component)])),
    hasFailed: false,
  }
}

function metaOf(service: KubeObject) {
  const { namespace = '', labels = {}, annotations = {} } = service.metadata
  return { namespace, labels, annotations }
}

function deploymentsOf(input: ObserveInput, spec: InferenceServiceSpec, component: Parameters<typeof objectName>[1]) {
  const names = [objectName(input.service, component)]
  if (component === 'predictor' && spec.predictor.workerSpec) names.push(workerName(input.service.metadata.name ?? ''))
  return names.map((name) => liveChild(input, 'apps', 'Deployment', name))
}

function podsOf(input: ObserveInput, spec: InferenceServiceSpec, component: ComponentName): readonly KubeObject[] {
  const workload = objectName(input.service, component)
  const isMultiNode = component === 'predictor' && spec.predictor.workerSpec !== undefined
  const apps = [appLabel(workload), ...(isMultiNode ? [workerAppLabel(workload)] : [])]
  return input.pods.filter((pod) => apps.includes(pod.metadata.labels?.[labelKeys.app] ?? ''))
}

function canaryStatuses(input: ObserveInput, spec: InferenceServiceSpec): Canaries {
  return (spec.canary ?? []).map(({ predictor, trafficPercent }) => {
    const name = predictorName(input.service.metadata.name ?? '', predictor.name)
    const live = liveChild(input, 'apps', 'Deployment', name)
    const ready = Number(Object(live?.['status']).availableReplicas ?? 0) > 0
    const pods = input.pods.filter((pod) => pod.metadata.labels?.[labelKeys.app] === appLabel(name))
    const before = (input.service['status'] as InferenceServiceStatus | undefined)?.canaryStatuses
    const previous = before?.find((canary) => canary.name === predictor.name)?.modelStatus
    return {
      name: predictor.name ?? '',
      ready,
      trafficPercent,
      modelStatus: modelStatus({ pods, isReady: ready, hasFailed: false, previous }),
    }
  })
}

function canaryPart(canaries: Canaries): Part {
  const waiting = canaries.filter(({ ready }) => !ready).map(({ name }) => name)
  if (waiting.length === 0)
    return { type: 'CanaryPredictorReady', status: 'True', reason: 'AllCanariesReady', isNeeded: false }
  const failed = canaries.flatMap(({ name, modelStatus: model }) => {
    const said = model?.lastFailureInfo?.message?.trimEnd().split('\n').at(-1)
    return said ? [`${name} failed: ${said}`] : []
  })
  const why = failed.length > 0 ? ` (${failed.join('; ')})` : ''
  const message = `Canaries without an available pod get no traffic yet: ${waiting.join(', ')}${why}.`
  return { type: 'CanaryPredictorReady', status: 'False', reason: 'CanariesNotReady', message, isNeeded: false }
}

/** A state that may only wait for another part. */
interface Waiting extends State {
  readonly waitsFor?: string
}

function ingressState(input: ObserveInput, parts: readonly Part[]): Waiting {
  const { service, config } = input
  const { ingress } = config
  if (isInternal(service.metadata.labels ?? {}, ingress) || ingress.disableIngressCreation) return { status: 'True' }
  const spec = service['spec'] as InferenceServiceSpec
  const waiting = componentsOf(spec).find((component) => !isTrue(parts, readyTypes[component]))
  const name = service.metadata.name ?? ''
  if (ingress.enableGatewayApi) return routesState(input, spec, parts)
  if (liveChild(input, 'networking.k8s.io', 'Ingress', name)) {
    return waiting ? waitingFor(waiting, parts) : { status: 'True' }
  }
  return waiting
    ? waitingFor(waiting, parts)
    : { status: 'False', reason: 'IngressMissing', message: 'The Ingress has not been made yet.' }
}

/** Not known, as long as it is not known of what it waits for. */
function waitingFor(component: ComponentName, parts: readonly Part[]): Waiting {
  const waitsFor = readyTypes[component]
  const status = parts.find(({ type }) => type === waitsFor)?.reason === unseenReason ? 'Unknown' : 'False'
  const message = `The way in is opened when the ${component} is ready.`
  return { status, reason: `${waitsFor.replace('Ready', '')}NotReady`, message, waitsFor }
}

function isTrue(parts: readonly Part[], type: string): boolean {
  return parts.some((part) => part.type === type && part.status === 'True')
}

/** Every route must exist, and no gateway may say that it refuses it. */
function routesState(input: ObserveInput, spec: InferenceServiceSpec, parts: readonly Part[]): Waiting {
  const name = input.service.metadata.name ?? ''
  const names = componentsOf(spec)
  const unready = names.find((component) => !isTrue(parts, readyTypes[component])) ?? 'predictor'
  const routes = [
    ...names.map((component) => ({ route: componentName(name, component), component })),
    { route: name, component: unready },
  ]
  for (const { route, component } of routes) {
    const live = liveChild(input, 'gateway.networking.k8s.io', 'HTTPRoute', route)
    if (!live) return waitingFor(component, parts)
    const state = routeState(live, route)
    if (state.status !== 'True') return state
  }
  return { status: 'True' }
}

/** The one condition of a route for which False is the good word (Gateway API's `RouteConditionPartiallyInvalid`). */
const partiallyInvalid = 'PartiallyInvalid'

function routeState(route: KubeObject, name: string): State {
  const parents: unknown = Object(route['status']).parents
  if (!Array.isArray(parents) || parents.length === 0) {
    return {
      status: 'False',
      reason: 'ParentStatusNotAvailable',
      message: `No gateway has accepted HTTPRoute ${name} yet: see that the gateway of kserveIngressGateway exists and allows it.`,
    }
  }
  for (const parent of parents) {
    const bad = conditionsOf({ ...route, status: parent }).find(
      ({ type, status }) => status === 'False' && type !== partiallyInvalid,
    )
    if (bad)
      return {
        status: 'False',
        reason: bad.reason ?? 'RouteNotAccepted',
        message: `HTTPRoute ${name}: ${bad.message ?? 'refused'}`,
      }
  }
  return { status: 'True' }
}

/**
 * Set when the way in is open; afterwards they stay, also while something is not ready. Where the cluster has no way in to
 * offer, the address inside it is set when all components are ready.
 */
function addresses(
  input: ObserveInput,
  { isOpen, answersInside }: { readonly isOpen: boolean; readonly answersInside: boolean },
): Partial<InferenceServiceStatus> {
  const { service, config } = input
  const previous = (service['status'] ?? {}) as InferenceServiceStatus
  const { url, address } = previous
  const entry = liveChild(input, '', 'Service', entryName(service))
  const kept = { ...(url ? { url } : {}), ...(address ? { address } : {}) }
  if (!entry || !(isOpen || answersInside)) return kept
  const inside = { address: { url: `http://${entryHost(service, entry)}` } }
  if (!isOpen) return { ...kept, ...inside }
  const host = hostOf(service.metadata.name ?? '', metaOf(service), config.ingress)
  return { ...(host.ok ? { url: `${config.ingress.urlScheme}://${host.text}` } : {}), ...inside }
}

/** The Service that answers predictions. */
function entryName(service: KubeObject): string {
  const spec = service['spec'] as InferenceServiceSpec
  return objectName(service, spec.transformer ? 'transformer' : 'predictor')
}

/** A Service without an address of its own (headless) is called at the pods' port. */
function entryHost(service: KubeObject, entry: KubeObject): string {
  const host = serviceHost(entryName(service), service.metadata.namespace ?? '')
  const serviceSpec = Object(entry['spec'])
  if (serviceSpec.clusterIP !== 'None') return host
  const ports: unknown = serviceSpec.ports
  const http = Array.isArray(ports) ? ports.find((port: unknown) => !isGrpcPort(port)) : undefined
  return `${host}:${Number(Object(http).targetPort) || httpPort}`
}

function isGrpcPort(port: unknown): boolean {
  const { name, appProtocol } = Object(port)
  return isGrpc(String(name ?? '')) || appProtocol === 'kubernetes.io/h2c'
}
