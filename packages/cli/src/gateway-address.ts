import { type Client, type KubeObject, resources } from '@millrace/kube'
import { find } from './wait.ts'

/** Where the platform on this machine says how to reach its models; readable by every client of its API. */
export const gatewayConfigMap = { namespace: 'kube-public', name: 'millrace-gateway' } as const

/** The gateway's URL, or undefined when the API server is not one that `millrace up` runs on. */
export async function gatewayUrl(client: Client): Promise<string | undefined> {
  const configMap: (KubeObject & { data?: Record<string, string> }) | undefined = await find(
    client,
    resources.configMaps,
    gatewayConfigMap,
  )
  return configMap?.data?.url
}

export async function publishGateway(client: Client, url: string): Promise<void> {
  const { namespace, name } = gatewayConfigMap
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: { url } }
  await client.apply(resources.configMaps, object, { fieldManager: 'millrace-up', force: true })
}
