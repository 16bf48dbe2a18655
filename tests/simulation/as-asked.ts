import type { KubeObject } from '@millrace/kube'
import type { Compared } from './as-rendered.ts'
import { hasMarker, isHidden, isReady, isStopped, markerOf, modeOf } from './objects.ts'

/**
 * What a service means, told a second time and much shorter than the renderer does: which workloads there are and what they
 * run, how many, and how they are reached. It is small enough to be read against KServe's documentation.
 */
export function askedOf(compared: Compared): readonly string[] {
  const { service, children } = compared
  if (isStopped(service)) return running(children).map((child) => `is stopped, and ${titleOf(child)} is there`)
  if (service.kind === 'InferenceGraph') return graphFaults(service, children)
  const faults = modeOf(service) === 'Knative' ? knativeFaults(compared) : standardFaults(service, children)
  return [...faults, ...labelFaults(service, children)]
}

/** Labels of a service are those of its workloads and Services too. */
function labelFaults(service: KubeObject, children: readonly KubeObject[]): readonly string[] {
  const { team } = service.metadata.labels ?? {}
  return children
    .filter(({ kind }) => kind === 'Deployment' || kind === 'Service')
    .filter(({ metadata }) => metadata.labels?.['team'] !== team)
    .map((child) => `${titleOf(child)} has the label team=${child.metadata.labels?.['team']}, not ${team}`)
}

interface Spec {
  readonly predictor: Component
  readonly transformer?: Component
  readonly explainer?: Component
  readonly canary?: readonly {
    readonly predictor: Component & { readonly name: string }
    readonly trafficPercent: number
  }[]
}

interface Component {
  readonly minReplicas?: number
  readonly maxReplicas?: number
  readonly canaryTrafficPercent?: number
  readonly workerSpec?: object
}

const titleOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`
const isKnative = ({ apiVersion }: KubeObject): boolean => apiVersion.startsWith('serving.knative.dev/')
const running = (children: readonly KubeObject[]): readonly KubeObject[] =>
  children.filter(({ kind }) => kind !== 'ConfigMap')

function named(children: readonly KubeObject[], kind: string): ReadonlyMap<string, KubeObject> {
  const ofKind = children.filter((child) => child.kind === kind && !isKnative(child))
  return new Map(ofKind.map((child) => [child.metadata.name ?? '', child]))
}

function sameNames(what: string, wanted: readonly string[], live: ReadonlyMap<string, KubeObject>): readonly string[] {
  return [
    ...wanted.filter((name) => !live.has(name)).map((name) => `${what} ${name} is missing`),
    ...[...live.keys()].filter((name) => !wanted.includes(name)).map((name) => `${what} ${name} is not asked for`),
  ]
}

/** Workloads by name, with what each is to run. */
function workloadsOf(service: KubeObject): ReadonlyMap<string, Component> {
  const { predictor, transformer, explainer, canary = [] } = service['spec'] as Spec
  const name = service.metadata.name ?? ''
  const workloads = new Map<string, Component>([[`${name}-predictor`, predictor]])
  if (predictor.workerSpec) workloads.set(`${name}-predictor-worker`, predictor)
  for (const each of canary) workloads.set(`${name}-${each.predictor.name}-predictor`, each.predictor)
  if (transformer) workloads.set(`${name}-transformer`, transformer)
  if (explainer) workloads.set(`${name}-explainer`, explainer)
  return workloads
}

function standardFaults(service: KubeObject, children: readonly KubeObject[]): readonly string[] {
  const workloads = workloadsOf(service)
  const deployments = named(children, 'Deployment')
  const faults = [...sameNames('Deployment', [...workloads.keys()], deployments)]
  if (children.some(isKnative)) faults.push('is in Standard mode and has a Knative Service')
  for (const [name, component] of workloads) {
    const deployment = deployments.get(name)
    const isWorker = name.endsWith('-worker')
    if (deployment && !isWorker && !hasMarker(deployment, markerOf(component)))
      faults.push(`Deployment ${name} does not run ${markerOf(component)}`)
  }
  return [...faults, ...autoscalerFaults(service, children, workloads), ...exposureFaults(service, children)]
}

function autoscalerFaults(
  service: KubeObject,
  children: readonly KubeObject[],
  workloads: ReadonlyMap<string, Component>,
): readonly string[] {
  const scaler = service.metadata.annotations?.['serving.kserve.io/autoscalerClass'] ?? 'hpa'
  const collectors = named(children, 'OpenTelemetryCollector')
  const isCollected = JSON.stringify(service['spec']).includes('"backend":"opentelemetry"')
  if (collectors.size > 0 && !isCollected) return ['has an OpenTelemetryCollector, and no metric that needs it']
  const live = named(children, 'HorizontalPodAutoscaler')
  const scaled = named(children, 'ScaledObject')
  if (scaler !== 'keda' && scaled.size > 0) return ['has a ScaledObject, and does not scale by KEDA']
  if (scaler !== 'hpa') return live.size === 0 ? [] : [`scales by ${scaler}, and has ${[...live.keys()].join(', ')}`]
  const wanted = [...workloads.keys()].filter((name) => !name.endsWith('-worker'))
  const faults = [...sameNames('HorizontalPodAutoscaler', wanted, live)]
  for (const name of wanted) {
    const spec = Object(live.get(name)?.['spec']) as { minReplicas?: number; maxReplicas?: number }
    // A canary has a fixed number of pods: it is told from what it scales between.
    if (name.includes('-canary-')) {
      if (live.has(name) && spec.minReplicas !== spec.maxReplicas) faults.push(`${name} scales, and is a canary`)
      continue
    }
    const { minReplicas = 1, maxReplicas = 0 } = workloads.get(name) ?? {}
    const min = Math.max(1, minReplicas)
    const max = Math.max(min, maxReplicas)
    // A canary's pods are taken from the predictor's.
    if (!live.has(name) || (service['spec'] as Spec).canary) continue
    if (spec.maxReplicas !== max) faults.push(`${name} scales up to ${spec.maxReplicas}, not ${max}`)
    if (spec.minReplicas !== min) faults.push(`${name} scales down to ${spec.minReplicas}, not ${min}`)
  }
  return faults
}

function exposureFaults(service: KubeObject, children: readonly KubeObject[]): readonly string[] {
  const ways = children.filter(({ kind }) => ['Ingress', 'HTTPRoute', 'VirtualService'].includes(kind))
  if (isHidden(service)) return ways.map((way) => `is hidden, and ${titleOf(way)} leads to it`)
  const kinds = new Set(ways.map(({ kind }) => kind))
  if (kinds.size > 1) return [`is reached by ${[...kinds].join(' and ')} at once`]
  return [...ingressFaults(service, ways), ...canaryFaults(service, ways)]
}

interface IngressRule {
  readonly host: string
  readonly http: { readonly paths: readonly { readonly backend: { readonly service: { readonly name: string } } }[] }
}

/** Every component has a host of its own that leads to it. The way to what serves stays until a new component is ready. */
function ingressFaults(service: KubeObject, ways: readonly KubeObject[]): readonly string[] {
  const ingress = ways.find(({ kind }) => kind === 'Ingress')
  if (!ingress || !isReady(service)) return []
  const { rules } = ingress['spec'] as { readonly rules: readonly IngressRule[] }
  const hosts = rules.map(({ host }) => host)
  const targets = rules.flatMap(({ http }) => http.paths.map(({ backend }) => backend.service.name))
  const { transformer, explainer } = service['spec'] as Spec
  const { name } = service.metadata
  const components = ['predictor', ...(transformer ? ['transformer'] : []), ...(explainer ? ['explainer'] : [])]
  return [
    ...hosts.filter((host, index) => hosts.indexOf(host) !== index).map((host) => `names the host ${host} twice`),
    ...components.filter((one) => !targets.includes(`${name}-${one}`)).map((one) => `no host leads to the ${one}`),
  ]
}

interface RouteRule {
  readonly backendRefs: readonly { readonly name: string; readonly weight?: number }[]
}

/** Where requests can be split, a canary gets its share of those that go to the predictor. */
function canaryFaults(service: KubeObject, ways: readonly KubeObject[]): readonly string[] {
  const { canary = [], transformer } = service['spec'] as Spec
  const routes = ways.filter(({ kind }) => kind === 'HTTPRoute')
  if (transformer || routes.length === 0) return []
  const backends = routes.flatMap((route) =>
    (Object(route['spec']).rules as readonly RouteRule[]).flatMap(({ backendRefs }) => backendRefs),
  )
  return canary.flatMap(({ predictor, trafficPercent }) => {
    const name = `${service.metadata.name}-${predictor.name}-predictor`
    const isSplit = backends.some((backend) => backend.name === name && backend.weight === trafficPercent)
    return isSplit ? [] : [`canary ${predictor.name} does not get ${trafficPercent} % of the requests`]
  })
}

function knativeFaults({ service, children, initialScale }: Compared): readonly string[] {
  const workloads = workloadsOf(service)
  const live = new Map(children.filter(isKnative).map((child) => [child.metadata.name ?? '', child]))
  const faults = [...sameNames('Knative Service', [...workloads.keys()], live)]
  const deployments = named(children, 'Deployment')
  if (deployments.size > 0) faults.push(`is in Knative mode and has Deployment ${[...deployments.keys()].join(', ')}`)
  for (const [name, component] of workloads) {
    const knative = live.get(name)
    if (!knative) continue
    if (!hasMarker(knative, markerOf(component))) faults.push(`${name} does not run ${markerOf(component)}`)
    const template = Object(Object(Object(knative['spec']).template).metadata)
    const maximum: unknown = Object(template.annotations)['autoscaling.knative.dev/max-scale']
    const fromSpec = component.maxReplicas === undefined ? undefined : String(component.maxReplicas)
    const wanted = service.metadata.annotations?.['autoscaling.knative.dev/max-scale'] ?? fromSpec
    if (maximum !== wanted) faults.push(`${name} scales up to ${maximum}, not ${wanted} (0 is no limit)`)
    // Settings that came after it make no new revision.
    const isKnown = initialScale.sinceMs + deafMs < Date.parse(knative.metadata.creationTimestamp ?? '')
    const initial = Number(Object(template.annotations)['autoscaling.knative.dev/initial-scale'] ?? initialScale.value)
    const most = Number(wanted ?? 0)
    if (isKnown && most > 0 && initial > most) faults.push(`${name} begins with ${initial} pods, more than ${most}`)
  }
  return faults
}

/** So long after a change even a watch that had gone deaf has been made anew. */
const deafMs = 20 * 60_000

/** A router that scales as the graph says, in its mode and no other. */
function graphFaults(graph: KubeObject, children: readonly KubeObject[]): readonly string[] {
  const name = graph.metadata.name ?? ''
  const isStandard = modeOf(graph) === 'Standard'
  const routers = new Map(children.filter(isKnative).map((child) => [child.metadata.name ?? '', child]))
  const scalers = named(children, 'HorizontalPodAutoscaler')
  const faults = [
    ...sameNames('Deployment', isStandard ? [name] : [], named(children, 'Deployment')),
    ...sameNames('HorizontalPodAutoscaler', isStandard ? [name] : [], scalers),
    ...sameNames('Knative Service', isStandard ? [] : [name], routers),
  ]
  const { minReplicas = 1 } = graph['spec'] as Component
  const scaler = Object(scalers.get(name)?.['spec'])
  if (isStandard && scaler.minReplicas !== minReplicas)
    faults.push(`${name} scales down to ${scaler.minReplicas}, not ${minReplicas}`)
  return faults
}
