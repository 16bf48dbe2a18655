import { configMapName, crds, resources as serving, shippedConfig, shippedRuntimes } from '@millrace/api'
import {
  apiVersionOf,
  type Client,
  isKubeError,
  type KubeObject,
  type Log,
  type Resource,
  resources,
} from '@millrace/kube'
import { waitFor } from '../wait.ts'

/** Where KServe's users look for the configuration. */
export const controllerNamespace = 'kserve'
const fieldManager = 'millrace-up'

export interface BootstrapOptions {
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * Installs what the controller needs: CRDs, the namespace and its configuration, the shipped runtimes. What a user has
 * changed since stays changed: those fields belong to the user, and the log says so.
 */
export async function bootstrap(client: Client, options: BootstrapOptions): Promise<void> {
  const definitions = crds('full')
  await Promise.all(
    definitions.map((definition) => install(client, resources.customResourceDefinitions, definition, options)),
  )
  await install(
    client,
    resources.namespaces,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: controllerNamespace } },
    options,
  )
  const metadata = { namespace: controllerNamespace, name: configMapName }
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: shippedConfig }
  await install(client, resources.configMaps, config, options)
  await Promise.all(
    definitions.map((definition) => established(client, definition.metadata.name ?? '', options.signal)),
  )
  await Promise.all(shippedRuntimes.map((runtime) => install(client, serving.clusterServingRuntimes, runtime, options)))
}

async function install(
  client: Client,
  resource: Resource,
  object: KubeObject,
  { log, signal }: BootstrapOptions,
): Promise<void> {
  const typed = { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind }
  try {
    await client.apply(resource, typed, { fieldManager, force: false, signal })
  } catch (error) {
    if (!isKubeError(error, 'Conflict')) throw error
    log.info('left as its user changed it', { kind: resource.kind, name: object.metadata.name })
  }
}

async function established(client: Client, name: string, signal: AbortSignal): Promise<void> {
  const look = async (): Promise<true | undefined> => {
    const definition: KubeObject & {
      status?: { conditions?: readonly { readonly type: string; readonly status: string }[] }
    } = await client.get(resources.customResourceDefinitions, { name })
    return definition.status?.conditions?.some(
      (condition) => condition.type === 'Established' && condition.status === 'True',
    )
      ? true
      : undefined
  }
  await waitFor(look, { what: `the API server does not establish ${name}`, timeoutMs: 30_000, signal })
}
