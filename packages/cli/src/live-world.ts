import { type ClusterConfig, configMapName, parseConfig, resources as serving, shippedConfig } from '@millrace/api'
import {
  type Client,
  discover,
  type Discovery,
  isKubeError,
  type KubeObject,
  type Resource,
  resources,
} from '@millrace/kube'
import {
  type Capabilities,
  childKinds,
  emptyWorld,
  type Gathered,
  type Knative,
  knativeAutoscaler,
  type Read,
  reads,
  type RenderInput,
  secretFacts,
} from '@millrace/render'
import { controllerNamespace } from './platform/bootstrap.ts'
import { find } from './wait.ts'

const roundsMax = 5

/** Everything that rendering one live service depends on, read once. Secrets are reduced to facts as they arrive. */
export async function readRenderInput(client: Client, service: KubeObject): Promise<RenderInput> {
  const discovery = await discover(client)
  const config = await readConfig(client)
  let world: Gathered = emptyWorld
  const asked = new Set<string>()
  for (let round = 0; round < roundsMax; round++) {
    const fresh = reads({ service, world, config, controllerNamespace }).filter(
      (read) => !asked.has(JSON.stringify(read)),
    )
    if (fresh.length === 0) break
    for (const read of fresh) asked.add(JSON.stringify(read))
    const found = await Promise.all(
      fresh.map(async (read) => ({ read, objects: await readObjects(client, discovery, read) })),
    )
    world = {
      objects: [
        ...world.objects,
        ...found.filter(({ read }) => read.kind !== 'Secret').flatMap(({ objects }) => objects),
      ],
      secrets: [
        ...world.secrets,
        ...found.filter(({ read }) => read.kind === 'Secret').flatMap(({ objects }) => objects.map(secretFacts)),
      ],
    }
  }
  const capabilities = capabilitiesOf(discovery)
  const [children, knative] = await Promise.all([
    readChildren(client, discovery, service),
    capabilities.knative
      ? readKnative(client, discovery)
      : { autoscaler: knativeAutoscaler({}).autoscaler, domains: [] },
  ])
  return { service, world, children, config, capabilities, knative, controllerNamespace }
}

async function readChildren(client: Client, discovery: Discovery, owner: KubeObject): Promise<readonly KubeObject[]> {
  const { uid, namespace = '' } = owner.metadata
  const lists = await Promise.all(
    childKinds.map(({ group, kind }) => readObjects(client, discovery, { group, kind, namespace })),
  )
  return lists.flat().filter(({ metadata }) => metadata.ownerReferences?.some((reference) => reference.uid === uid))
}

const knativeNamespace = 'knative-serving'

async function readKnative(client: Client, discovery: Discovery): Promise<Knative> {
  const configMapOf = (name: string) => find(client, resources.configMaps, { namespace: knativeNamespace, name })
  const [servings, configMap, domains] = await Promise.all([
    readObjects(client, discovery, {
      group: 'operator.knative.dev',
      kind: 'KnativeServing',
      namespace: knativeNamespace,
    }),
    configMapOf('config-autoscaler'),
    configMapOf('config-domain'),
  ])
  return {
    autoscaler: knativeAutoscaler({ knativeServing: servings[0], configMap }).autoscaler,
    domains: Object.keys(Object(domains?.['data'])).filter((key) => !key.startsWith('_')),
  }
}

/** The configuration of a cluster; the shipped one where there is none, or where we may not look. */
export async function readConfig(client: Client): Promise<ClusterConfig> {
  const data = await readConfigData(client)
  return parseConfig(data ?? shippedConfig).config
}

async function readConfigData(client: Client): Promise<Readonly<Record<string, string>> | undefined> {
  const place = { namespace: controllerNamespace, name: configMapName }
  try {
    const configMap: (KubeObject & { data?: Record<string, string> }) | undefined = await find(
      client,
      resources.configMaps,
      place,
    )
    return configMap?.data
  } catch (error) {
    if (isKubeError(error, 'Forbidden')) return undefined
    throw error
  }
}

async function readObjects(client: Client, discovery: Discovery, read: Read): Promise<readonly KubeObject[]> {
  const candidates = discovery.resources.filter(({ group, kind }) => group === read.group && kind === read.kind)
  // Of our kinds the stored version is read, whichever the server prefers.
  const stored = Object.values(serving).find(({ kind }) => kind === read.kind)
  const resource: Resource | undefined = candidates.find(({ version }) => version === stored?.version) ?? candidates[0]
  if (!resource) return []
  const namespace = read.namespace === undefined ? {} : { namespace: read.namespace }
  if (read.name !== undefined) {
    const object = await find(client, resource, { ...namespace, name: read.name })
    return object ? [object] : []
  }
  const labelSelector = Object.entries(read.labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
  return (await client.list(resource, { ...namespace, ...(labelSelector === '' ? {} : { labelSelector }) })).items
}

export function capabilitiesOf(discovery: Discovery): Capabilities {
  const has = (group: string, kind: string): boolean =>
    discovery.resources.some((resource) => resource.group === group && resource.kind === kind)
  return {
    knative: has('serving.knative.dev', 'Service'),
    istio: has('networking.istio.io', 'VirtualService'),
    gatewayApi: has('gateway.networking.k8s.io', 'HTTPRoute'),
    keda: has('keda.sh', 'ScaledObject'),
    otel: has('opentelemetry.io', 'OpenTelemetryCollector'),
    imageVolume: false,
  }
}
