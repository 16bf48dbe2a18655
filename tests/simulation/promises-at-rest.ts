import { resources as serving } from '@millrace/api'
import { type KubeObject, resources } from '@millrace/kube'
import { type Compared, comparedWithRendering, servedChildKinds, type Truth } from './as-rendered.ts'
import { askedOf } from './as-asked.ts'
import {
  asksForNoPods,
  conditionOf,
  isHidden,
  isReady,
  isStopped,
  labels,
  modeOf,
  observedGeneration,
  ownerOf,
} from './objects.ts'
import { namespace } from './installation.ts'

/** The cluster when nobody has done anything for a long time. */
export interface Rest {
  readonly truth: Truth
  readonly services: readonly Compared[]
  readonly graphs: readonly Compared[]
  readonly pods: readonly KubeObject[]
}

/** Holds when everything has come to rest. Answers what does not. */
export interface RestPromise {
  readonly name: string
  check(rest: Rest): readonly string[] | Promise<readonly string[]>
}

export const promisesAtRest: readonly RestPromise[] = [
  { name: 'every status is about the newest generation', check: everyStatusIsNew },
  { name: 'children are as rendered, and nothing else', check: childrenAreAsRendered },
  { name: 'children are as asked for', check: childrenAreAsAsked },
  { name: 'nothing is left behind', check: nothingIsLeftBehind },
  { name: 'Ready says what is so', check: readySaysWhatIsSo },
]

export async function comeToRest(truth: Truth): Promise<Rest> {
  const { client } = truth
  const services: Compared[] = []
  const graphs: Compared[] = []
  for (const service of (await client.list(serving.inferenceServices, { namespace })).items)
    services.push(await comparedWithRendering(truth, service))
  for (const graph of (await client.list(serving.inferenceGraphs, { namespace })).items)
    graphs.push(await comparedWithRendering(truth, graph))
  return { truth, services, graphs, pods: (await client.list(resources.pods, { namespace })).items }
}

const nameOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`

function everyStatusIsNew({ services, graphs }: Rest): readonly string[] {
  return [...services, ...graphs].flatMap(({ service }) => {
    const observed = observedGeneration(service)
    const { generation } = service.metadata
    if (observed !== generation) return [`${nameOf(service)}: generation ${generation}, observed ${observed}`]
    return conditionOf(service, 'Ready') ? [] : [`${nameOf(service)} has no condition Ready`]
  })
}

function childrenAreAsRendered({ services, graphs }: Rest): readonly string[] {
  return [...services, ...graphs].flatMap(({ service, differences }) =>
    differences.map((difference) => `${nameOf(service)}: ${difference}`),
  )
}

function childrenAreAsAsked({ services, graphs }: Rest): readonly string[] {
  return [...services, ...graphs].flatMap((compared) =>
    compared.rendered.ok ? askedOf(compared).map((fault) => `${nameOf(compared.service)}: ${fault}`) : [],
  )
}

async function nothingIsLeftBehind({ truth, services, graphs, pods }: Rest): Promise<readonly string[]> {
  const living = new Set([...services, ...graphs].map(({ service }) => service.metadata.uid))
  const orphans: string[] = []
  for (const resource of servedChildKinds(truth.cluster)) {
    for (const object of (await truth.client.list(resource, { namespace })).items) {
      const owner = ownerOf(object)
      if (owner && !living.has(owner.uid)) orphans.push(`${nameOf(object)} outlives ${owner.kind} ${owner.name}`)
    }
  }
  const names = new Set([...services, ...graphs].map(({ service }) => service.metadata.name))
  for (const pod of pods) {
    const name = pod.metadata.labels?.[labels.service] ?? pod.metadata.labels?.[labels.graph]
    if (name !== undefined && !names.has(name)) orphans.push(`${nameOf(pod)} outlives ${name}`)
  }
  return orphans
}

/** What can be rendered and whose pods run is Ready; what cannot, or whose pods do not, is not, and says why. */
function readySaysWhatIsSo(rest: Rest): readonly string[] {
  const faults: string[] = []
  for (const compared of [...rest.services, ...rest.graphs]) {
    const { service } = compared
    const ready = conditionOf(service, 'Ready')
    const why = whyNotReady(compared, rest)
    const said = `${nameOf(service)}: Ready is ${ready?.status} (${ready?.reason}: ${ready?.message})`
    if (isReady(service) && why !== undefined) faults.push(`${said}, but ${why}`)
    if (!isReady(service) && why === undefined) faults.push(`${said}, and all is there`)
    if (ready && ready.status !== 'True' && !(ready.reason && ready.message))
      faults.push(`${said}, and does not say why`)
  }
  return faults
}

function whyNotReady({ service, rendered, children }: Compared, { truth, services, pods }: Rest): string | undefined {
  if (!rendered.ok) return 'it cannot be rendered'
  if (isStopped(service)) return 'it is stopped'
  if (lacksItsGateway(service, truth)) return 'the Gateway API that is to lead to it is missing'
  const idle = asksForNoPods(service) ? undefined : workloadWithoutPod(service, children, pods)
  if (idle !== undefined) return `no ready pod runs the newest template of ${idle}`
  const ready = services.flatMap((step) => (isReady(step.service) ? (step.service.metadata.name ?? '') : []))
  const missing = stepsOf(service).find((name) => !ready.includes(name))
  return missing === undefined ? undefined : `${missing} is not ready`
}

function lacksItsGateway(service: KubeObject, { cluster, config }: Truth): boolean {
  if (service.kind !== 'InferenceService' || modeOf(service) !== 'Standard' || isHidden(service)) return false
  return config.ingress.enableGatewayApi && !cluster.installed.has('Gateway API')
}

/** The services that a graph calls. */
function stepsOf({ kind, spec }: KubeObject): readonly string[] {
  if (kind !== 'InferenceGraph') return []
  const { nodes } = spec as { nodes: Record<string, { steps?: readonly { serviceName?: string }[] }> }
  return Object.values(nodes).flatMap(({ steps = [] }) => steps.flatMap(({ serviceName }) => serviceName ?? []))
}

/**
 * A workload that the service needs and that has no ready pod of its newest template. A canary is not needed. Transformer and
 * explainer are what the way in from outside waits for: in Standard mode, as in KServe, there is none to a hidden service; in
 * Knative mode one that is open stays open when an explainer comes.
 */
function workloadWithoutPod(
  service: KubeObject,
  children: readonly KubeObject[],
  pods: readonly KubeObject[],
): string | undefined {
  const { name } = service.metadata
  const isKnative = modeOf(service) === 'Knative'
  const isOpen = Object(service['status']).url !== undefined
  const isWaitedFor = (workload: string): boolean => {
    if (workload.includes('-canary-')) return false
    if (isKnative) return !(isOpen && workload === `${name}-explainer`)
    return !isHidden(service) || workload.startsWith(`${name}-predictor`)
  }
  const workloads = children.filter(
    ({ kind, apiVersion }) => kind === 'Deployment' || apiVersion.startsWith('serving.knative'),
  )
  const needed = workloads.filter(({ metadata }) => isWaitedFor(metadata.name ?? ''))
  if (needed.length === 0) return 'anything'
  const idle = needed.find((workload) => {
    const template = Object(Object(workload['spec']).template)
    const { labels = {}, annotations = {} } = Object(template.metadata) as KubeObject['metadata']
    const isOfTemplate = ({ metadata }: KubeObject): boolean =>
      hasAll(metadata.labels, labels) && hasAll(metadata.annotations, annotations)
    return !pods.some((pod) => isReady(pod) && isOfTemplate(pod) && runsTemplate(pod, template))
  })
  return idle && nameOf(idle)
}

function hasAll(record: Readonly<Record<string, string>> = {}, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => record[key] === value)
}

/** Images, arguments and environment of the template's containers are those of the pod. Names may be Knative's. */
function runsTemplate(pod: KubeObject, template: { readonly spec?: unknown }): boolean {
  const essence = (spec: unknown): string => {
    const { containers = [], initContainers = [] } = Object(spec) as Record<
      string,
      { image?: string; args?: unknown; env?: unknown }[]
    >
    return JSON.stringify([...initContainers, ...containers].map(({ image, args, env }) => [image, args, env]))
  }
  return essence(pod['spec']) === essence(template.spec)
}
