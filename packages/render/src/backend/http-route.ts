import type { KubeObject } from '@millrace/kube'
import type { Problem } from '../decision.ts'
import { additionalHosts, pathOf } from '../exposure/domain.ts'
import { entry, type Exposed, exposed, type Exposure } from '../exposure/exposure.ts'
import { servicePort } from '../keys.ts'
import type { Owner, Plan } from '../plan.ts'
import { without } from '../service/metadata.ts'
import type { Settings } from '../settings.ts'
import { child } from './child.ts'
import { isGrpc, type ServicePort, servicePorts } from './service.ts'

/** Seconds that a request may take where the component says nothing. */
const timeoutSeconds = 60
const anyPath = '^/.*$'
const explainPath = '^/v1/models/[\\w-]+:explain$'
const explainTail = '(/v1/models/[\\w-]+:explain)$'

/** A share of the predictor's traffic. */
export interface Share {
  readonly service: string
  readonly percent: number
}

export interface RouteInput {
  readonly plan: Plan
  readonly exposure: Exposure
  readonly settings: Settings
  /** Canaries that are ready, with their shares; the main predictor gets the rest. */
  readonly canaries: readonly Share[]
  /** The service declares canaries, ready or not: weights are then written. */
  readonly isCanary: boolean
  readonly annotationsDisallowed: readonly string[]
  readonly labelsDisallowed: readonly string[]
}

export type Routes =
  | { readonly ok: true; readonly routes: readonly KubeObject[] }
  | { readonly ok: false; readonly problem: Problem }

/** One HTTPRoute for each component's host, one for the service's own. */
export function httpRoutes(input: RouteInput): Routes {
  const { exposure, plan, settings } = input
  const { owner } = plan
  const path = pathOf(owner.name, owner.namespace, settings.ingress)
  if (!path.ok) return path
  const own = exposure.components.map((component) => {
    const rules = predictRules(component, input)
    const isPredictor = component.component === 'predictor'
    return route(component.route, [component.host], isPredictor ? weighted(rules, input) : rules, input)
  })
  const hosts = [exposure.host, ...additionalHosts(exposure.host, [settings.ingress.ingressDomain], settings.ingress)]
  const rules = topLevelRules(path.text, input)
  const hostnames = path.text === '' ? hosts : [...hosts, settings.ingress.ingressDomain]
  return { ok: true, routes: [...own, route(owner.name, [...new Set(hostnames)], weighted(rules, input), input)] }
}

interface Rule {
  readonly matches: readonly object[]
  readonly backend: string
  readonly port: number
  readonly timeout: number | undefined
}

function topLevelRules(path: string, input: RouteInput): Rule[] {
  const { exposure } = input
  const explainer = exposed(exposure, 'explainer')
  const front = entry(exposure)
  const prefix = path.replace(/\/$/, '')
  const explain = (match: string): Rule[] =>
    explainer
      ? [{ matches: [matching(match)], backend: explainer.service, port: servicePort, timeout: explainer.timeout }]
      : []
  const predict = front ? predictRules(front, input) : []
  if (path === '') return [...explain(explainPath), ...predict]
  const below: Rule[] = front
    ? [{ matches: [matching(`${prefix}/`)], backend: front.service, port: servicePort, timeout: front.timeout }]
    : []
  return [...explain(explainPath), ...predict, ...explain(`${prefix}${explainTail}`), ...below]
}

/** Requests to a component: where its Service speaks gRPC and HTTP, each goes to its own port. */
function predictRules(component: Exposed, input: RouteInput): Rule[] {
  const ports = portsOf(component, input.plan)
  const grpc = ports.find((port) => port.appProtocol === 'kubernetes.io/h2c' || isGrpc(port.name ?? ''))
  const http = ports.find((port) => port !== grpc && !isGrpc(port.name ?? ''))
  const base = { backend: component.service, timeout: component.timeout }
  if (!grpc || !http) return [{ ...base, matches: [matching(anyPath)], port: servicePort }]
  return [
    { ...base, matches: [grpcMatch], port: grpc.port },
    { ...base, matches: [matching(anyPath)], port: http.port },
  ]
}

function portsOf(component: Exposed, plan: Plan): readonly ServicePort[] {
  const workload = plan.workloads.find((candidate) => candidate.name === component.service)
  return workload ? servicePorts(workload) : []
}

function matching(value: string): object {
  return { path: { type: 'RegularExpression', value } }
}

const grpcMatch = {
  path: { type: 'RegularExpression', value: '^/inference\\.GRPCInferenceService/.*$' },
  headers: [{ type: 'RegularExpression', name: 'content-type', value: '^application/grpc.*' }],
}

interface WeightedRule extends Rule {
  readonly shares?: readonly Share[]
}

/** Splits what goes to the main predictor among it and its ready canaries. */
function weighted(rules: readonly Rule[], input: RouteInput): readonly WeightedRule[] {
  if (!input.isCanary) return rules
  const main = exposed(input.exposure, 'predictor')?.service
  const rest = 100 - input.canaries.reduce((sum, { percent }) => sum + percent, 0)
  return rules.map((rule) =>
    rule.backend === main ? { ...rule, shares: [{ service: rule.backend, percent: rest }, ...input.canaries] } : rule,
  )
}

function route(
  name: string,
  hostnames: readonly string[],
  rules: readonly WeightedRule[],
  input: RouteInput,
): KubeObject {
  const { owner } = input.plan
  const [gatewayNamespace = '', gateway = ''] = (input.settings.ingress.kserveIngressGateway ?? '').split('/')
  const meta = {
    name,
    labels: without(input.plan.labels, input.labelsDisallowed),
    annotations: without(owner.annotations, input.annotationsDisallowed),
  }
  const parent = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: gatewayNamespace, name: gateway }
  return child(owner, 'gateway.networking.k8s.io/v1', 'HTTPRoute', meta, {
    spec: { hostnames, parentRefs: [parent], rules: rules.map((rule) => routeRule(rule, owner, input)) },
  })
}

function routeRule(rule: WeightedRule, owner: Owner, input: RouteInput): object {
  const backend = (service: string) => ({ kind: 'Service', name: service, namespace: owner.namespace, port: rule.port })
  const backendRefs = rule.shares
    ? rule.shares.map(({ service, percent }) => ({ ...backend(service), weight: percent }))
    : [backend(rule.backend)]
  const set = [
    { name: 'KServe-Isvc-Name', value: owner.name },
    { name: 'KServe-Isvc-Namespace', value: owner.namespace },
  ]
  return {
    matches: rule.matches,
    filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set } }],
    backendRefs,
    ...(input.settings.ingress.disableHTTPRouteTimeout
      ? {}
      : { timeouts: { request: `${rule.timeout ?? timeoutSeconds}s` } }),
  }
}
