import { group, labels } from '@millrace/api'
import { type Client, discover, type Discovery, type KubeObject, resources } from '@millrace/kube'
import { type Capabilities, childKinds } from '@millrace/render'
import { readBackup } from '../backup/read-backup.ts'
import { readCapabilities, readKnative, servedResource } from './live-settings.ts'

/** What is read beside our objects, what they name and what was made for them. */
type Part = 'definitions' | 'pods'

/** A cluster, read once: each kind in one call. */
export async function readCluster(
  client: Client,
  parts: readonly Part[] = [],
): Promise<{ readonly objects: readonly KubeObject[]; readonly capabilities: Capabilities }> {
  const discovery = await discover(client)
  const [backup, capabilities, knative, children, definitions, pods] = await Promise.all([
    readBackup(client, undefined, () => {}),
    readCapabilities(client, discovery),
    readKnative(client, discovery),
    readChildren(client, discovery),
    parts.includes('definitions') ? readDefinitions(client) : [],
    parts.includes('pods') ? readPods(client) : [],
  ])
  const settings = Object.values(knative).filter((object) => object !== undefined)
  return { objects: [...backup.objects, ...settings, ...definitions, ...children, ...pods], capabilities }
}

/** ConfigMaps are left out: they are many and large, and no preview tells of them. */
async function readChildren(client: Client, discovery: Discovery): Promise<readonly KubeObject[]> {
  const served = childKinds.flatMap((kind) =>
    kind.kind === 'ConfigMap' ? [] : (servedResource(discovery, kind) ?? []),
  )
  const lists = await Promise.all(served.map(async (resource) => (await client.list(resource)).items))
  return lists.flat().filter(({ metadata }) => metadata.ownerReferences?.some(isOurs))
}

function isOurs({ apiVersion }: { readonly apiVersion: string }): boolean {
  return apiVersion.startsWith(`${group}/`)
}

async function readDefinitions(client: Client): Promise<readonly KubeObject[]> {
  const { items } = await client.list(resources.customResourceDefinitions)
  return items.filter(({ metadata }) => metadata.name?.endsWith(`.${group}`))
}

/** One of the labels is on everything that runs for a service or a graph. */
async function readPods(client: Client): Promise<readonly KubeObject[]> {
  const lists = await Promise.all(
    [labels.inferenceService, labels.inferenceGraph].map((labelSelector) =>
      client.list(resources.pods, { labelSelector }),
    ),
  )
  return lists.flatMap(({ items }) => items)
}
