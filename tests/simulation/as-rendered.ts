import { type ClusterConfig, parseConfig, resources as serving } from '@millrace/api'
import { type Client, findDrift, isKubeError, type KubeObject, type Resource, resources } from '@millrace/kube'
import {
  type Capabilities,
  childKinds,
  emptyWorld,
  type Gathered,
  type Knative,
  knativeAutoscaler,
  type Read,
  reads,
  render,
  type RenderResult,
  secretFacts,
} from '@millrace/render'
import { type Cluster, knativeNames } from './cluster-of-products.ts'
import { knativeServings } from './optional-kinds.ts'
import { controllerNamespace, namespace } from './installation.ts'

/** Everything that rendering depends on, read from the server itself and not from any copy. */
export interface Truth {
  readonly client: Client
  readonly cluster: Cluster
  readonly config: ClusterConfig
}

/** Live objects that a service owns, and what the renderer makes of it now. */
export interface Compared {
  readonly service: KubeObject
  readonly rendered: RenderResult
  readonly children: readonly KubeObject[]
  /** How the children are not as rendered. */
  readonly differences: readonly string[]
  /** Initial scale in Knative's settings, and since when it is so. */
  readonly initialScale: { readonly value: number; readonly sinceMs: number }
}

export async function comparedWithRendering(truth: Truth, service: KubeObject): Promise<Compared> {
  const children = await childrenOf(truth, service)
  const world = await gatherTruth(truth, service)
  const { knative, sinceMs } = await knativeOf(truth)
  const rendered = render({
    service,
    world,
    children,
    config: truth.config,
    capabilities: capabilitiesOf(truth.cluster),
    knative,
    controllerNamespace,
  })
  const differences = rendered.ok ? differencesOf(rendered.objects, children) : []
  return { service, rendered, children, differences, initialScale: { value: knative.autoscaler.initialScale, sinceMs } }
}

const identity = ({ apiVersion, kind, metadata }: KubeObject): string =>
  `${kind}.${apiVersion.split('/')[0]} ${metadata.name}`

function differencesOf(rendered: readonly KubeObject[], children: readonly KubeObject[]): readonly string[] {
  const differences: string[] = []
  const live = new Map(children.map((child) => [identity(child), child]))
  for (const object of rendered) {
    const found = live.get(identity(object))
    live.delete(identity(object))
    if (!found) differences.push(`${identity(object)} is missing`)
    const drift = found ? findDrift(object, found, 'millrace') : []
    if (drift.length > 0)
      differences.push(`${identity(object)} differs: ${drift.map(({ path, why }) => `${path} ${why}`).join(', ')}`)
  }
  for (const left of live.keys()) differences.push(`${left} is left over`)
  return differences
}

async function childrenOf({ client, cluster }: Truth, service: KubeObject): Promise<readonly KubeObject[]> {
  const children: KubeObject[] = []
  for (const resource of servedChildKinds(cluster)) {
    const { items } = await client.list(resource, { namespace })
    children.push(
      ...items.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === service.metadata.uid)),
    )
  }
  return children
}

const needs = { knative: 'Knative', gatewayApi: 'Gateway API', keda: 'KEDA', otel: 'OpenTelemetry' } as const

export function servedChildKinds(cluster: Cluster): readonly Resource[] {
  return childKinds.filter((kind) => {
    if (kind.needs === undefined) return true
    const product = needs[kind.needs as keyof typeof needs]
    return product !== undefined && cluster.installed.has(product)
  })
}

function capabilitiesOf({ installed }: Cluster): Capabilities {
  return {
    knative: installed.has('Knative'),
    gatewayApi: installed.has('Gateway API'),
    keda: installed.has('KEDA'),
    otel: installed.has('OpenTelemetry'),
    istio: false,
    imageVolume: false,
  }
}

async function knativeOf({ client, cluster }: Truth): Promise<{ readonly knative: Knative; readonly sinceMs: number }> {
  const configMap = await find(client, resources.configMaps, knativeNames.configMap)
  const hasOperator = cluster.installed.has('Knative operator')
  const knativeServing = hasOperator ? await find(client, knativeServings, knativeNames.serving) : undefined
  const { autoscaler } = knativeAutoscaler({ knativeServing, configMap })
  const changes = [configMap, knativeServing].flatMap((source) => source?.metadata.managedFields ?? [])
  const times = changes.map((change) => Date.parse(Object(change).time))
  return { knative: { autoscaler, domains: [] }, sinceMs: Math.max(0, ...times) }
}

const readable: readonly Resource[] = [...Object.values(serving), resources.serviceAccounts, resources.configMaps]

async function gatherTruth({ client, config }: Truth, service: KubeObject): Promise<Gathered> {
  let world = emptyWorld
  const asked = new Set<string>()
  for (;;) {
    const fresh = reads({ service, world, config, controllerNamespace }).filter(
      (read) => !asked.has(JSON.stringify(read)),
    )
    if (fresh.length === 0) return world
    for (const read of fresh) {
      asked.add(JSON.stringify(read))
      world = await withRead(client, read, world)
    }
  }
}

async function withRead(client: Client, read: Read, world: Gathered): Promise<Gathered> {
  const { group, kind, name = '' } = read
  const place = read.namespace === undefined ? { name } : { namespace: read.namespace, name }
  if (kind === 'Secret') {
    const secret = await find(client, resources.secrets, place)
    return secret ? { ...world, secrets: [...world.secrets, secretFacts(secret)] } : world
  }
  const resource = readable.find((candidate) => candidate.group === group && candidate.kind === kind)
  if (!resource) throw new Error(`${kind} is read, and the simulation does not know it`)
  if (name !== '') {
    const found = await find(client, resource, place)
    return found ? { ...world, objects: [...world.objects, found] } : world
  }
  const { items } = await client.list(resource, read.namespace === undefined ? {} : { namespace: read.namespace })
  return { ...world, objects: [...world.objects, ...items] }
}

async function find(
  client: Client,
  resource: Resource,
  name: { readonly namespace?: string; readonly name: string },
): Promise<KubeObject | undefined> {
  try {
    return await client.get(resource, name)
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined
    throw error
  }
}

/** The configuration as somebody sees it who has followed it from its first version on. */
export function followConfiguration(): { see(configMap: KubeObject): void; readonly config: ClusterConfig } {
  let config = parseConfig(undefined).config
  let isFound = false
  return {
    see: (configMap) => {
      const data = configMap['data'] as Readonly<Record<string, string>> | undefined
      config = parseConfig(data ?? {}, isFound ? config : undefined).config
      isFound = true
    },
    get config() {
      return config
    },
  }
}
