import type { KubeObject } from '@millrace/kube'
import { clusterLocalVisibility } from '@millrace/api'
import type { Decision } from '../decision.ts'
import { additionalHosts, pathOf } from '../exposure/domain.ts'
import { findChild } from '../exposure/exposure.ts'
import { knativeKeys } from '../keys.ts'
import { componentName, serviceHost } from '../names.ts'
import { knativeState, knativeUrl } from '../observe/knative-state.ts'
import { without } from '../service/metadata.ts'
import type { IngressSettings } from '../settings.ts'
import { child } from './child.ts'
import { keptWhileUnready } from './kept-route.ts'
import type { KnativeInput } from './knative-input.ts'
import type { Emitted } from './standard.ts'

const explainPath = '^/v1/models/[\\w-]+:explain$'
const explainTail = '(/v1/models/[\\w-]+:explain)$'

/** A name inside the cluster for the whole service, which leads to the gateway that knows its parts. */
export function localGatewayService(input: KnativeInput): KubeObject[] {
  const { plan, settings } = input
  if (settings.ingress.disableIstioVirtualHost) return []
  const spec = {
    type: 'ExternalName',
    externalName: settings.ingress.localGatewayService ?? '',
    sessionAffinity: 'None',
  }
  return [child(plan.owner, 'v1', 'Service', { name: plan.owner.name }, { spec })]
}

/** Everything else of the service works, and whoever gave it its addresses counted on Istio. */
const noIstio: Decision = {
  reason: 'IstioNotInstalled',
  message:
    'Istio is not installed, so that no VirtualService gives the service a host of its own: install it, or set disableIstioVirtualHost in inferenceservice-config.',
  level: 'warning',
  source: 'cluster',
}

/** One host for a service of several Knative Services. Made when all of them are ready the first time, then kept. */
export function virtualService(input: KnativeInput): Emitted {
  const { plan, settings, capabilities } = input
  const none: Emitted = { ok: true, objects: [], decisions: [] }
  if (settings.ingress.disableIstioVirtualHost) return none
  if (!capabilities.istio) return { ...none, decisions: [noIstio] }
  const live = findChild(input.children, 'networking.istio.io', 'VirtualService', plan.owner.name)
  const backends = input.plan.workloads.map(({ name }) => ({ name, isReady: isReady(name, input) }))
  if (!live && !backends.every((backend) => backend.isReady)) return none
  const path = pathOf(plan.owner.name, plan.owner.namespace, settings.ingress)
  if (!path.ok) return path
  const host = publicHost(input)
  const spec: unknown = host === undefined ? live?.['spec'] : routing(input, host, path.text)
  if (spec === undefined) return none
  const meta = {
    name: plan.owner.name,
    labels: plan.labels,
    annotations: without(plan.owner.annotations, input.annotationsDisallowed),
  }
  const wanted = child(plan.owner, 'networking.istio.io/v1beta1', 'VirtualService', meta, { spec })
  return { ok: true, objects: [keptWhileUnready(wanted, live, backends)], decisions: [] }
}

function isReady(name: string, input: KnativeInput): boolean {
  return knativeState(liveOf(input, name)).status === 'True'
}

function liveOf(input: KnativeInput, name: string): KubeObject | undefined {
  return findChild(input.children, 'serving.knative.dev', 'Service', name)
}

/** The service's host: that of the component in front, without the component in its name. */
export function publicHost(input: Pick<KnativeInput, 'plan' | 'children' | 'service'>): string | undefined {
  const front =
    input.plan.workloads.find((w) => w.component === 'transformer') ??
    input.plan.workloads.find((w) => w.component === 'predictor')
  if (!front) return undefined
  const live = findChild(input.children, 'serving.knative.dev', 'Service', front.name)
  const url = knativeUrl(live, input.service, front.component)
  return url === undefined ? undefined : withoutComponent(new URL(url).host, front.component)
}

export function withoutComponent(text: string, component: string): string {
  return text.includes('-default') ? text.replace(`-${component}-default`, '') : text.replace(`-${component}`, '')
}

interface Routing {
  readonly input: KnativeInput
  readonly ingress: IngressSettings
  readonly internalHost: string
  /** Hosts outside the cluster; none where the service is for the inside only. */
  readonly outerHosts: readonly string[]
}

function routing(input: KnativeInput, host: string, path: string): object {
  const { owner, workloads } = input.plan
  const { ingress } = input.settings
  const internalHost = serviceHost(owner.name, owner.namespace)
  const isInternal = owner.labels[knativeKeys.visibility] === clusterLocalVisibility || host === internalHost
  const more = isInternal ? [] : additionalHosts(host, input.knative.domains, ingress)
  const outerHosts = isInternal ? [] : [host, ...more]
  const context: Routing = { input, ingress, internalHost, outerHosts }
  const hasExplainer = workloads.some((workload) => workload.component === 'explainer')
  const front = workloads.some((workload) => workload.component === 'transformer') ? 'transformer' : 'predictor'
  const backends = {
    explain: componentName(owner.name, 'explainer'),
    predict: componentName(owner.name, front, input.plan.predictor.name),
  }
  const http = [
    ...(hasExplainer ? [hostRoute(backends.explain, explainPath, context)] : []),
    hostRoute(backends.predict, undefined, context),
    ...(path === '' ? [] : pathRoutes(path.replace(/\/$/, ''), hasExplainer, backends, context)),
  ]
  const gateways = [ingress.localGateway ?? '', 'mesh', ...(isInternal ? [] : [ingress.ingressGateway ?? ''])]
  const hosts = [internalHost, ...(isInternal ? [] : [host]), ...(path === '' ? [] : [ingress.ingressDomain]), ...more]
  return { hosts: [...new Set(hosts)], gateways, http }
}

function hostRoute(backend: string, path: string | undefined, context: Routing): object {
  const uri = path === undefined ? {} : { uri: { regex: path } }
  const { ingress } = context
  const inner = {
    ...uri,
    authority: { regex: hostPattern(context.internalHost) },
    gateways: [ingress.localGateway ?? '', 'mesh'],
  }
  const outer = context.outerHosts.map((host) => ({
    ...uri,
    authority: { regex: hostPattern(host) },
    gateways: [ingress.ingressGateway ?? ''],
  }))
  return { match: [inner, ...outer], ...toBackend(backend, context) }
}

function pathRoutes(
  path: string,
  hasExplainer: boolean,
  backends: { explain: string; predict: string },
  context: Routing,
): object[] {
  const { ingress } = context
  const at = { authority: { regex: hostPattern(ingress.ingressDomain) }, gateways: [ingress.ingressGateway ?? ''] }
  const explain = {
    match: [{ uri: { regex: `${path}${explainTail}` }, ...at }],
    rewrite: { uriRegexRewrite: { match: `${path}${explainTail}`, rewrite: '\\1' } },
    ...toBackend(backends.explain, context),
  }
  const predict = {
    match: [
      { uri: { prefix: `${path}/` }, ...at },
      { uri: { exact: path }, ...at },
    ],
    rewrite: { uri: '/' },
    ...toBackend(backends.predict, context),
  }
  return hasExplainer ? [explain, predict] : [predict]
}

function toBackend(backend: string, { ingress, input }: Routing): object {
  const { owner } = input.plan
  const gateway = ingress.knativeLocalGatewayService || (ingress.localGatewayService ?? '')
  const set = {
    Host: serviceHost(backend, owner.namespace),
    'KServe-Isvc-Name': owner.name,
    'KServe-Isvc-Namespace': owner.namespace,
  }
  return {
    route: [{ destination: { host: gateway, port: { number: 80 } }, weight: 100 }],
    headers: { request: { set } },
  }
}

/** The host, with or without a port. */
function hostPattern(host: string): string {
  return `^${host.replaceAll(/[.\\+*?()|[\]{}^$]/g, String.raw`\$&`)}(?::\\d{1,5})?$`
}
