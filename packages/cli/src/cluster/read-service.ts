import { type Client, discover, type Discovery, type KubeObject } from '@millrace/kube'
import {
  childKinds,
  emptyWorld,
  gatherRounds,
  knativeOf,
  type Read,
  reads,
  type RenderInput,
  secretFacts,
} from '@millrace/render'
import { controllerNamespace } from '../platform/bootstrap.ts'
import { find } from '../wait.ts'
import { readCapabilities, readConfig, readKnative, servedResource } from './live-settings.ts'

/** Everything that rendering one live service depends on, read once. Secrets are reduced to facts as they arrive. */
export async function readRenderInput(client: Client, service: KubeObject): Promise<RenderInput> {
  const discovery = await discover(client)
  const [config, capabilities] = await Promise.all([readConfig(client), readCapabilities(client, discovery)])
  const rounds = gatherRounds((known) => reads({ service, config, controllerNamespace, world: known }))
  let round = rounds.next(emptyWorld)
  while (!round.done) {
    const found = await Promise.all(
      round.value.map(async (read) => ({ read, objects: await readObjects(client, discovery, read) })),
    )
    round = rounds.next({
      objects: found.flatMap(({ read, objects }) => (read.kind === 'Secret' ? [] : objects)),
      secrets: found.flatMap(({ read, objects }) => (read.kind === 'Secret' ? objects.map(secretFacts) : [])),
    })
  }
  const [children, knative] = await Promise.all([
    readChildren(client, discovery, service),
    capabilities.knative ? readKnative(client, discovery) : noKnative,
  ])
  const world = round.value
  return { service, world, children, config, capabilities, knative: knativeOf(knative), controllerNamespace }
}

const noKnative = { knativeServing: undefined, autoscaler: undefined, domain: undefined }

async function readChildren(client: Client, discovery: Discovery, owner: KubeObject): Promise<readonly KubeObject[]> {
  const { uid, namespace = '' } = owner.metadata
  const lists = await Promise.all(
    childKinds.map(({ group, kind }) => readObjects(client, discovery, { group, kind, namespace })),
  )
  return lists.flat().filter(({ metadata }) => metadata.ownerReferences?.some((reference) => reference.uid === uid))
}

async function readObjects(client: Client, discovery: Discovery, read: Read): Promise<readonly KubeObject[]> {
  const resource = servedResource(discovery, read)
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
