import { type Client, discover, type KubeObject, resources } from '@millrace/kube'
import { type Capabilities, childKinds } from '@millrace/render'
import { readBackup } from '../backup/read-backup.ts'
import { capabilitiesOf } from '../live-world.ts'
import { find } from '../wait.ts'

const knativeNamespace = 'knative-serving'

/** All services with what they name, what was made for them, and the settings: each kind in one call. */
export async function readForConfig(
  client: Client,
): Promise<{ readonly objects: readonly KubeObject[]; readonly capabilities: Capabilities }> {
  const discovery = await discover(client)
  const served = childKinds.flatMap(({ group, plural, kind }) => {
    const found = discovery.resources.find((resource) => resource.group === group && resource.plural === plural)
    return found && kind !== 'ConfigMap' ? [found] : []
  })
  const [backup, scaling, domains, ...children] = await Promise.all([
    readBackup(client, undefined, () => {}),
    find(client, resources.configMaps, { namespace: knativeNamespace, name: 'config-autoscaler' }),
    find(client, resources.configMaps, { namespace: knativeNamespace, name: 'config-domain' }),
    ...served.map(async (resource) => (await client.list(resource)).items),
  ])
  const owned = children.flat().filter(({ metadata }) => metadata.ownerReferences?.some(isOurs))
  return {
    objects: [...backup.objects, ...[scaling, domains].flatMap((object) => object ?? []), ...owned],
    capabilities: capabilitiesOf(discovery),
  }
}

function isOurs({ apiVersion }: { readonly apiVersion: string }): boolean {
  return apiVersion.startsWith('serving.kserve.io/')
}
