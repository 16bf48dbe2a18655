import { resources as serving, shippedConfig } from '@millrace/api'
import { type Client, isKubeError, type KubeObject, type Resource, resources } from '@millrace/kube'
import { askForNonsense, nonsense } from './nonsense.ts'
import type { UserContext } from './user-context.ts'
import {
  canaryWish,
  claimUri,
  cpuMetric,
  graphWish,
  modelUri,
  multiNodeWish,
  podMetric,
  predictorWish,
  runtimeWish,
  scaleWish,
  serverContainer,
  serviceWish,
  sideComponent,
  type Wish,
} from './wishes.ts'
import { controllerNamespace, namespace } from './installation.ts'

export interface UserAction {
  readonly name: string
  /** How often, compared with the others. */
  readonly weight: number
  /** What was done, for people; undefined: nothing to do it to. */
  readonly act: (context: UserContext) => Promise<string | undefined>
}

const serviceNames = ['a', 'b', 'c', 'd'] as const
const keys = {
  mode: 'serving.kserve.io/deploymentMode',
  stop: 'serving.kserve.io/stop',
  autoscaler: 'serving.kserve.io/autoscalerClass',
  visibility: 'networking.kserve.io/visibility',
}
export const secretValue = 'hush-hush-do-not-tell'

export const userActions: readonly UserAction[] = [
  { name: 'create a service', weight: 10, act: createService },
  { name: 'ask for another model', weight: 10, act: (context) => editModel(context, 'good') },
  { name: 'ask for a model that is not there', weight: 5, act: (context) => editModel(context, 'bad') },
  { name: 'ask for an image that is not there', weight: 2, act: useMissingImage },
  { name: 'scale', weight: 6, act: scale },
  { name: 'add or remove a transformer', weight: 4, act: (context) => toggleComponent(context, 'transformer') },
  { name: 'add or remove an explainer', weight: 2, act: (context) => toggleComponent(context, 'explainer') },
  { name: 'start, shift or end a canary', weight: 4, act: changeCanary },
  { name: 'stop or resume', weight: 5, act: toggleStop },
  { name: 'delete a service', weight: 4, act: deleteService },
  { name: 'delete a service and make it anew', weight: 2, act: recreateService },
  { name: 'change the mode', weight: 2, act: changeMode },
  { name: 'change the autoscaler', weight: 3, act: changeAutoscaler },
  { name: 'hide or show a service', weight: 2, act: toggleVisibility },
  { name: 'spread a model over nodes', weight: 2, act: spreadModel },
  { name: 'make or change a graph', weight: 3, act: changeGraph },
  { name: 'stop, resume or delete a graph', weight: 2, act: endGraph },
  { name: 'edit, remove or restore a runtime', weight: 4, act: changeRuntime },
  { name: 'change the configuration', weight: 3, act: changeConfiguration },
  { name: 'break the configuration', weight: 2, act: breakConfiguration },
  { name: 'install or remove a product', weight: 4, act: ({ cluster, random }) => cluster.toggleProduct(random) },
  { name: "change Knative's settings", weight: 1, act: ({ cluster, random }) => cluster.changeKnative(random) },
  { name: 'change secrets and accounts', weight: 3, act: changeCredentials },
  { name: 'meddle with a child', weight: 4, act: meddle },
  { name: 'ask for nonsense', weight: 3, act: (context) => askForNonsense(context, context.random.pick(nonsense)) },
  { name: 'label a service', weight: 2, act: labelService },
]

async function createService(context: UserContext): Promise<string | undefined> {
  const { world, random, versions } = context
  const name = random.pick(serviceNames)
  const mode = random.pick(['Standard', 'Standard', 'Standard', '', 'Knative'])
  const wish = serviceWish(
    name,
    predictorWish(random, versions.next(), random.chance(0.9) ? 'good' : 'bad'),
    mode === '' ? {} : { [keys.mode]: mode },
  )
  if (random.chance(0.2)) wish.spec.transformer = sideComponent(versions.next())
  if (random.chance(0.2)) wish.spec.predictor['serviceAccountName'] = 'with-credentials'
  return attempt(context, `create ${name} (${mode || 'default'} mode)`, () =>
    world.client.create(serving.inferenceServices, wish),
  )
}

/** Reads, changes and writes a service, as an editor does. */
async function edit(
  context: UserContext,
  what: string,
  change: (wish: Wish) => boolean | void,
): Promise<string | undefined> {
  const { client } = context.world
  const { items } = await client.list<Wish>(serving.inferenceServices, { namespace })
  if (items.length === 0) return undefined
  const wish = context.random.pick(items)
  if (change(wish) === false) return undefined
  return attempt(context, `${what} of ${wish.metadata.name}`, () => client.replace(serving.inferenceServices, wish))
}

/** Does it; a refusal is part of life, and is noted. */
async function attempt(context: UserContext, what: string, act: () => Promise<unknown>): Promise<string> {
  try {
    await act()
    return what
  } catch (error) {
    if (!isKubeError(error)) throw error
    if (error.httpStatus === undefined) throw error
    context.refusals.push(`${what}: ${error.message}`)
    return `${what} (refused: ${error.code})`
  }
}

function editModel(context: UserContext, quality: 'good' | 'bad'): Promise<string | undefined> {
  const version = context.versions.next()
  return edit(context, `${quality} model v${version}`, ({ spec: { predictor } }) => {
    const server = predictor['model'] ?? predictor['sklearn']
    if (server) Object.assign(server, { storageUri: modelUri(version, quality) })
    else predictor['containers'] = [serverContainer(version, quality)]
  })
}

function useMissingImage(context: UserContext): Promise<string | undefined> {
  const version = context.versions.next()
  return edit(context, `missing image v${version}`, ({ spec: { predictor } }) => {
    if (!predictor['containers']) return false
    predictor['containers'] = [serverContainer(version, 'bad')]
    return true
  })
}

function scale(context: UserContext): Promise<string | undefined> {
  return edit(context, 'scale', ({ spec: { predictor } }) => {
    for (const field of ['minReplicas', 'maxReplicas', 'scaleTarget', 'scaleMetric']) delete predictor[field]
    Object.assign(predictor, scaleWish(context.random))
  })
}

function toggleComponent(context: UserContext, component: 'transformer' | 'explainer'): Promise<string | undefined> {
  const version = context.versions.next()
  return edit(context, component, ({ spec }) => {
    if (spec[component]) delete spec[component]
    else spec[component] = sideComponent(version, context.random.chance(0.85) ? 'good' : 'bad')
  })
}

function changeCanary(context: UserContext): Promise<string | undefined> {
  const { random, versions } = context
  const version = versions.next()
  return edit(context, `canary v${version}`, ({ spec, metadata }) => {
    if (metadata.annotations?.[keys.mode] === 'Knative') {
      if (spec.predictor['canaryTrafficPercent'] === undefined)
        spec.predictor['canaryTrafficPercent'] = random.below(101)
      else delete spec.predictor['canaryTrafficPercent']
      return
    }
    if (spec.canary && random.chance(0.6)) delete spec.canary
    else spec.canary = [canaryWish(version, 10 + random.below(60), random.chance(0.8) ? 'good' : 'bad')]
  })
}

function toggleStop(context: UserContext): Promise<string | undefined> {
  return edit(context, 'stop or resume', ({ metadata }) => toggleAnnotation(metadata, keys.stop, 'true'))
}

function toggleAnnotation(metadata: KubeObject['metadata'], key: string, value: string): void {
  const { [key]: before, ...others } = metadata.annotations ?? {}
  metadata.annotations = before === undefined ? { ...others, [key]: value } : others
}

async function deleteService(context: UserContext): Promise<string | undefined> {
  const name = await anyName(context, serving.inferenceServices)
  if (name === undefined) return undefined
  const { client } = context.world
  return attempt(context, `delete ${name}`, () => client.delete(serving.inferenceServices, { namespace, name }))
}

async function recreateService(context: UserContext): Promise<string | undefined> {
  const { world, random, versions } = context
  const name = await anyName(context, serving.inferenceServices)
  if (name === undefined) return undefined
  return attempt(context, `delete and create ${name}`, async () => {
    await world.client.delete(serving.inferenceServices, { namespace, name })
    await world.client.create(serving.inferenceServices, serviceWish(name, predictorWish(random, versions.next())))
  })
}

async function anyName({ world, random }: UserContext, resource: Resource): Promise<string | undefined> {
  const { items } = await world.client.list(resource, { namespace })
  return items.length === 0 ? undefined : random.pick(items).metadata.name
}

function changeMode(context: UserContext): Promise<string | undefined> {
  return edit(context, 'mode', ({ metadata }) => {
    const mode = metadata.annotations?.[keys.mode] === 'Knative' ? 'Standard' : 'Knative'
    metadata.annotations = { ...metadata.annotations, [keys.mode]: mode }
  })
}

function changeAutoscaler(context: UserContext): Promise<string | undefined> {
  const wanted = context.random.pick(['hpa', 'none', 'external', 'keda', 'keda', ''])
  const metric = context.random.chance(0.5) ? cpuMetric : podMetric
  return edit(context, `autoscaler ${wanted || 'default'}`, ({ metadata, spec: { predictor } }) => {
    const { [keys.autoscaler]: _, ...others } = metadata.annotations ?? {}
    metadata.annotations = wanted === '' ? others : { ...others, [keys.autoscaler]: wanted }
    if (wanted !== 'keda') return void delete predictor['autoScaling']
    predictor['autoScaling'] = { metrics: [metric] }
  })
}

function toggleVisibility(context: UserContext): Promise<string | undefined> {
  return edit(context, 'visibility', ({ metadata }) => {
    const { [keys.visibility]: before, ...others } = metadata.labels ?? {}
    metadata.labels = before === undefined ? { ...others, [keys.visibility]: 'cluster-local' } : others
  })
}

function labelService(context: UserContext): Promise<string | undefined> {
  const version = context.versions.next()
  return edit(context, `label v${version}`, ({ metadata }) => {
    metadata.labels = { ...metadata.labels, team: `v${version}` }
  })
}

async function spreadModel(context: UserContext): Promise<string | undefined> {
  const { world, random, versions } = context
  const { client } = world
  const runtime = runtimeWish('two-nodes', 'spread', versions.next(), true)
  await attempt(context, 'runtime two-nodes', () => client.create(serving.servingRuntimes, runtime))
  const single = runtimeWish('one-node', 'spread', versions.next(), false)
  await attempt(context, 'runtime one-node', () => client.create(serving.servingRuntimes, single))
  const named = random.chance(0.25) ? 'one-node' : undefined
  const wish = serviceWish('spread', multiNodeWish(versions.next(), named), { [keys.autoscaler]: 'none' })
  const { items } = await client.list(serving.inferenceServices, { namespace, fieldSelector: 'metadata.name=spread' })
  if (items.length > 0 && random.chance(0.4))
    return attempt(context, 'delete spread', () =>
      client.delete(serving.inferenceServices, { namespace, name: 'spread' }),
    )
  if (items.length === 0) return attempt(context, 'spread', () => client.create(serving.inferenceServices, wish))
  const version = versions.next()
  return attempt(context, `model v${version} of spread`, () =>
    client.patch(serving.inferenceServices, { namespace, name: 'spread' }, 'merge', {
      spec: { predictor: { model: { storageUri: claimUri(version) } } },
    }),
  )
}

async function changeGraph(context: UserContext): Promise<string | undefined> {
  const { world, random } = context
  const { client } = world
  const steps = Array.from({ length: 1 + random.below(2) }, () => random.pick(serviceNames))
  const wish = graphWish('graph', steps, random.pick(['Standard', 'Standard', 'Knative']))
  const { items } = await client.list(serving.inferenceGraphs, { namespace })
  if (items.length === 0) return attempt(context, 'make a graph', () => client.create(serving.inferenceGraphs, wish))
  const patch = { spec: { ...wish.spec, minReplicas: 1 + random.below(2) } }
  return attempt(context, 'change the graph', () =>
    client.patch(serving.inferenceGraphs, { namespace, name: 'graph' }, 'merge', patch),
  )
}

async function endGraph(context: UserContext): Promise<string | undefined> {
  const { client } = context.world
  const { items } = await client.list(serving.inferenceGraphs, { namespace })
  const graph = items[0]
  if (!graph) return undefined
  if (context.random.chance(0.3))
    return attempt(context, 'delete the graph', () =>
      client.delete(serving.inferenceGraphs, { namespace, name: 'graph' }),
    )
  toggleAnnotation(graph.metadata, keys.stop, 'true')
  return attempt(context, 'stop or resume the graph', () => client.replace(serving.inferenceGraphs, graph))
}

async function changeRuntime(context: UserContext): Promise<string | undefined> {
  const { world, random, versions } = context
  const { client } = world
  const name = { name: random.pick(['kserve-sklearnserver', 'kserve-xgbserver', 'kserve-lgbserver']) }
  const runtime = await client.get(serving.clusterServingRuntimes, name).catch(() => undefined)
  if (!runtime) return attempt(context, `restore ${name.name}`, () => context.cluster.restoreRuntime(name.name))
  if (random.chance(0.35))
    return attempt(context, `remove ${name.name}`, () => client.delete(serving.clusterServingRuntimes, name))
  const version = versions.next()
  const { containers } = runtime['spec'] as { containers: { image?: string; env?: object[] }[] }
  const [server] = containers
  if (server) server.env = [{ name: 'EDITED', value: `v${version}` }]
  return attempt(context, `edit ${name.name}`, () => client.replace(serving.clusterServingRuntimes, runtime))
}

function patchConfiguration(context: UserContext, what: string, data: Record<string, string | null>) {
  const name = { namespace: controllerNamespace, name: 'inferenceservice-config' }
  return attempt(context, what, () => context.world.client.patch(resources.configMaps, name, 'merge', { data }))
}

function changeConfiguration(context: UserContext): Promise<string> {
  const { random, versions } = context
  const version = versions.next()
  const ingress = JSON.parse(shippedConfig['ingress'] ?? '{}')
  const storage = JSON.parse(shippedConfig['storageInitializer'] ?? '{}')
  const deploy = random.pick(['Standard', 'Standard', 'Knative'])
  const [what, data] = random.pick<readonly [string, Record<string, string>]>([
    [
      `initializer v${version}`,
      { storageInitializer: JSON.stringify({ ...storage, image: `kserve/init:v${version}` }) },
    ],
    ['Gateway API on', { ingress: JSON.stringify({ ...ingress, enableGatewayApi: true }) }],
    [`domain v${version}`, { ingress: JSON.stringify({ ...ingress, ingressDomain: `v${version}.example.com` }) }],
    [`default mode ${deploy}`, { deploy: JSON.stringify({ defaultDeploymentMode: deploy }) }],
    ['the shipped configuration', { ...shippedConfig }],
  ])
  return patchConfiguration(context, what, data)
}

function breakConfiguration(context: UserContext): Promise<string> {
  const [what, data] = context.random.pick<readonly [string, Record<string, string>]>([
    ['broken JSON in ingress', { ingress: '{"ingressDomain": "x"' }],
    ['an unknown mode', { deploy: '{"defaultDeploymentMode": "Sideways"}' }],
    ['a template that cannot be parsed', { ingress: '{"domainTemplate": "{{ .Name"}' }],
  ])
  return patchConfiguration(context, what, data)
}

async function changeCredentials(context: UserContext): Promise<string> {
  const { world, random, versions } = context
  const { client } = world
  const version = versions.next()
  const encode = (text: string): string => Buffer.from(text).toString('base64')
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 's3' },
    data: { AWS_ACCESS_KEY_ID: encode(`${secretValue}-${version}`), AWS_SECRET_ACCESS_KEY: encode(secretValue) },
  } as KubeObject
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace, name: 'with-credentials' },
    secrets: [{ name: 's3' }],
  } as KubeObject
  const options = { fieldManager: 'user', force: true }
  const [what, act] = random.pick<readonly [string, () => Promise<unknown>]>([
    ['secret', () => client.apply(resources.secrets, secret, options)],
    ['account', () => client.apply(resources.serviceAccounts, account, options)],
    ['no secret', () => client.delete(resources.secrets, { namespace, name: 's3' })],
    ['no account', () => client.delete(resources.serviceAccounts, { namespace, name: 'with-credentials' })],
  ])
  return attempt(context, `credentials: ${what}`, act)
}

/** Somebody else changes or deletes what we made. */
async function meddle(context: UserContext): Promise<string | undefined> {
  const { world, random } = context
  const resource = random.pick([resources.services, resources.deployments, resources.horizontalPodAutoscalers])
  const { items } = await world.client.list(resource, { namespace })
  const owned = items.filter(({ metadata }) =>
    metadata.ownerReferences?.[0]?.apiVersion.startsWith('serving.kserve.io'),
  )
  if (owned.length === 0) return undefined
  const child = random.pick(owned)
  const name = child.metadata.name ?? ''
  const isHarmless = resource !== resources.deployments
  if (isHarmless && random.chance(0.5))
    return attempt(context, `delete ${resource.kind} ${name}`, () => world.client.delete(resource, { namespace, name }))
  return attempt(context, `change ${resource.kind} ${name}`, () => disturb(world.client, resource, child))
}

function disturb(client: Client, resource: Resource, child: KubeObject): Promise<unknown> {
  const label = { metadata: { labels: { app: 'somebody-elses' } } }
  const bounds = { spec: { maxReplicas: 9 } }
  const patch = resource === resources.horizontalPodAutoscalers ? bounds : label
  const { name = '' } = child.metadata
  return client.patch(resource, { namespace, name }, 'merge', patch)
}
