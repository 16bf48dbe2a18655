import { isDeepStrictEqual } from 'node:util'
import {
  configMapName,
  type CrdConversion,
  crds,
  type CustomResourceDefinition,
  kinds,
  resources as serving,
  shippedConfig,
  shippedRuntimes,
} from '@millrace/api'
import {
  apiVersionOf,
  type Client,
  isKubeError,
  type KubeObject,
  type Log,
  type Resource,
  resources,
} from '@millrace/kube'
import { find, waitFor } from '../wait.ts'

/** Where KServe's users look for the configuration. */
export const controllerNamespace = 'kserve'
const fieldManager = 'millrace-up'

export interface BootstrapOptions {
  /** Serve the versions in preview too. */
  readonly preview?: boolean
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * Installs what the controller needs: CRDs, the namespace and its configuration, the shipped runtimes. What a user has
 * changed since stays changed: those fields belong to the user, and the log says so.
 */
export async function bootstrap(client: Client, options: BootstrapOptions): Promise<void> {
  const definitions = crds('full', kinds, options.preview ? { preview: { conversion: nobodyYet } } : {})
  await Promise.all(
    definitions.map(async (definition) => {
      const wanted = definition.spec.conversion ? await withConversion(client, definition) : definition
      await install(client, resources.customResourceDefinitions, wanted, options)
    }),
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

/**
 * Who converts is the controller's to say, when it has started. Until then nothing listens there: a request for a version in
 * preview is answered with an error, and not with an object that nobody has converted.
 */
const nobodyYet = { url: 'https://127.0.0.1:1/convert' }

/** The definition as it is to be applied: where somebody converts already, who that is stays as it is. */
async function withConversion(client: Client, definition: CustomResourceDefinition): Promise<KubeObject> {
  const { conversion, ...spec } = definition.spec
  const live = await find(client, resources.customResourceDefinitions, { name: definition.metadata.name })
  const { strategy, webhook } = Object(Object(live?.['spec']).conversion) as Partial<CrdConversion>
  const isKnown = strategy === 'Webhook' && !isDeepStrictEqual(webhook?.clientConfig, nobodyYet)
  return isKnown ? { ...definition, spec } : definition
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
