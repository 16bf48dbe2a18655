import { createHash } from 'node:crypto'
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
  type ObjectMeta,
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
 * changed since stays changed: those fields belong to the user, and the log says so. What is there as this version would
 * write it is not written again.
 */
export async function bootstrap(client: Client, options: BootstrapOptions): Promise<void> {
  const definitions = crds('full', kinds, options.preview ? { preview: { conversion: nobodyYet } } : {})
  const [appliedDefinitions, appliedNamespaces, appliedConfigs] = await Promise.all([
    appliedBefore(client, resources.customResourceDefinitions),
    appliedBefore(client, resources.namespaces),
    appliedBefore(client, resources.configMaps, controllerNamespace),
  ])
  const made = await Promise.all(
    definitions.map(async (definition) => {
      const signed = sign(resources.customResourceDefinitions, definition)
      if (isApplied(signed, appliedDefinitions)) return []
      const wanted = definition.spec.conversion ? await withConversion(client, definition, signed) : signed
      await install(client, resources.customResourceDefinitions, wanted, options)
      return [definition.metadata.name ?? '']
    }),
  )
  const namespace = sign(resources.namespaces, { metadata: { name: controllerNamespace } })
  if (!isApplied(namespace, appliedNamespaces)) await install(client, resources.namespaces, namespace, options)
  const metadata = { namespace: controllerNamespace, name: configMapName }
  const config = sign(resources.configMaps, { metadata, data: shippedConfig })
  if (!isApplied(config, appliedConfigs)) await install(client, resources.configMaps, config, options)
  await Promise.all(made.flat().map((name) => established(client, name, options.signal)))
  const appliedRuntimes = await appliedBefore(client, serving.clusterServingRuntimes)
  const runtimes = shippedRuntimes.map((runtime) => sign(serving.clusterServingRuntimes, runtime))
  const missing = runtimes.filter((runtime) => !isApplied(runtime, appliedRuntimes))
  await Promise.all(missing.map((runtime) => install(client, serving.clusterServingRuntimes, runtime, options)))
}

/** What was applied, as a hash: the CRDs alone are 400 kB that the server would read, check and merge at each start. */
const hashAnnotation = 'millrace.dev/applied-hash'

function sign<T extends { readonly metadata: ObjectMeta }>(resource: Resource, object: T): KubeObject {
  const typed = { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind }
  const hash = createHash('sha256').update(JSON.stringify(typed)).digest('base64url')
  const annotations = { ...object.metadata.annotations, [hashAnnotation]: hash }
  return { ...typed, metadata: { ...object.metadata, annotations } }
}

/** Hashes by name. A user's change does not touch the hash: it stays, and is looked at again with the next version. */
async function appliedBefore(client: Client, resource: Resource, namespace?: string) {
  const selection = namespace === undefined ? {} : { namespace }
  const { items } = await client.list(resource, { ...selection, metadataOnly: true })
  return new Map(items.map(({ metadata }) => [metadata.name, metadata.annotations?.[hashAnnotation]]))
}

function isApplied({ metadata }: KubeObject, hashes: ReadonlyMap<string | undefined, string | undefined>): boolean {
  return hashes.get(metadata.name) === metadata.annotations?.[hashAnnotation]
}

/**
 * Who converts is the controller's to say, when it has started. Until then nothing listens there: a request for a version in
 * preview is answered with an error, and not with an object that nobody has converted.
 */
const nobodyYet = { url: 'https://127.0.0.1:1/convert' }

/** The signed definition as it is to be applied: where somebody converts already, who that is stays as it is. */
async function withConversion(
  client: Client,
  definition: CustomResourceDefinition,
  signed: KubeObject,
): Promise<KubeObject> {
  const { conversion: _, ...spec } = definition.spec
  const live = await find(client, resources.customResourceDefinitions, { name: definition.metadata.name })
  const { strategy, webhook } = Object(Object(live?.['spec']).conversion) as Partial<CrdConversion>
  const isKnown = strategy === 'Webhook' && !isDeepStrictEqual(webhook?.clientConfig, nobodyYet)
  return isKnown ? { ...signed, spec } : signed
}

async function install(
  client: Client,
  resource: Resource,
  object: KubeObject,
  { log, signal }: BootstrapOptions,
): Promise<void> {
  try {
    await client.apply(resource, object, { fieldManager, force: false, signal })
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
