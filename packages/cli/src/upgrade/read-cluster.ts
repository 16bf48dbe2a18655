import { group } from '@millrace/api'
import { type Client, discover, type KubeObject, resources } from '@millrace/kube'
import type { Capabilities } from '@millrace/render'
import { readBackup } from '../backup/read-backup.ts'
import { capabilitiesOf } from '../live-world.ts'

const serviceLabel = 'serving.kserve.io/inferenceservice'

/** What a preview needs of a cluster: our objects and what they name, their definitions, and what runs for them. */
export async function readCluster(
  client: Client,
): Promise<{ readonly objects: readonly KubeObject[]; readonly capabilities: Capabilities }> {
  const discovery = await discover(client)
  const knative = discovery.resources.find(
    (resource) => resource.group === 'serving.knative.dev' && resource.kind === 'Service',
  )
  const [backup, definitions, deployments, knativeServices] = await Promise.all([
    readBackup(client, undefined, () => {}),
    client.list(resources.customResourceDefinitions),
    client.list(resources.deployments, { labelSelector: serviceLabel }),
    knative ? client.list(knative, { labelSelector: serviceLabel }) : undefined,
  ])
  const own = definitions.items.filter((definition) => (definition.metadata.name ?? '').endsWith(`.${group}`))
  return {
    objects: [...backup.objects, ...own, ...deployments.items, ...(knativeServices?.items ?? [])],
    capabilities: capabilitiesOf(discovery),
  }
}
