import { configMapName } from '@millrace/api'
import { type KubeObject, resources } from '@millrace/kube'
import type { Cluster } from '../deploy/cluster.ts'

const place = { namespace: 'kserve', name: configMapName }

/** Sets fields of one key of the configuration. */
export async function configureWith({ client }: Cluster, key: string, settings: object): Promise<void> {
  const { data }: KubeObject & { data?: Record<string, string> } = await client.get(resources.configMaps, place)
  const text = JSON.stringify({ ...JSON.parse(data?.[key] ?? '{}'), ...settings })
  await client.patch(resources.configMaps, place, 'merge', { data: { [key]: text } })
}

/** A key whose text is no JSON; what it was comes back with the answer. */
export async function breakConfiguration({ client }: Cluster, key: string): Promise<() => Promise<void>> {
  const { data }: KubeObject & { data?: Record<string, string> } = await client.get(resources.configMaps, place)
  await client.patch(resources.configMaps, place, 'merge', { data: { [key]: '{"never": ' } })
  return async () => void (await client.patch(resources.configMaps, place, 'merge', { data: { [key]: data?.[key] } }))
}
