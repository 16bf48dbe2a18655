import { group, labels } from '@millrace/api'
import { type Client, discover, type KubeObject, type Resource, resources } from '@millrace/kube'
import type { Capabilities } from '@millrace/render'
import { readBackup } from '../backup/read-backup.ts'
import { capabilitiesOf } from '../live-world.ts'

/** One of them is on everything that runs for a service or a graph. */
const ownerLabels = [labels.inferenceService, labels.inferenceGraph]

/** What a preview needs of a cluster: our objects and what they name, their definitions, and what runs for them. */
export async function readCluster(
  client: Client,
): Promise<{ readonly objects: readonly KubeObject[]; readonly capabilities: Capabilities }> {
  const discovery = await discover(client)
  const knative = discovery.resources.find(
    (resource) => resource.group === 'serving.knative.dev' && resource.kind === 'Service',
  )
  const workloads = [resources.deployments, resources.pods, ...(knative ? [knative] : [])]
  const [backup, definitions, ...running] = await Promise.all([
    readBackup(client, undefined, () => {}),
    client.list(resources.customResourceDefinitions),
    ...workloads.map((resource) => listOwned(client, resource)),
  ])
  const own = definitions.items.filter((definition) => (definition.metadata.name ?? '').endsWith(`.${group}`))
  return {
    objects: [...backup.objects, ...own, ...running.flat()],
    capabilities: capabilitiesOf(discovery),
  }
}

async function listOwned(client: Client, resource: Resource): Promise<readonly KubeObject[]> {
  const lists = await Promise.all(ownerLabels.map((labelSelector) => client.list(resource, { labelSelector })))
  return lists.flatMap(({ items }) => items)
}
