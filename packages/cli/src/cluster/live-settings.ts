import { type ClusterConfig, configMapName, parseConfig, resources as serving, shippedConfig } from '@millrace/api'
import {
  type Client,
  type Discovery,
  isKubeError,
  type KubeObject,
  type ObjectName,
  type Resource,
  resources,
} from '@millrace/kube'
import {
  type Capabilities,
  capabilitiesOf,
  findKnativeSources,
  hasImageVolumes,
  type KnativeSources,
} from '@millrace/render'
import { controllerNamespace } from '../platform/bootstrap.ts'
import { find } from '../wait.ts'

/** The configuration of a cluster; the shipped one where there is none, or where we may not look. */
export async function readConfig(client: Client): Promise<ClusterConfig> {
  const place = { namespace: controllerNamespace, name: configMapName }
  const configMap: (KubeObject & { data?: Record<string, string> }) | undefined = await allowed(
    () => find(client, resources.configMaps, place),
    undefined,
  )
  return parseConfig(configMap?.data ?? shippedConfig).config
}

/** What the controller would find installed. */
export async function readCapabilities(client: Client, discovery: Discovery): Promise<Capabilities> {
  const version = await allowed(async () => (await client.request('GET', '/version')).body, undefined)
  const isServed = (wanted: Resource) =>
    discovery.resources.some(
      ({ group, version, plural }) => group === wanted.group && version === wanted.version && plural === wanted.plural,
    )
  return capabilitiesOf(isServed, hasImageVolumes(version))
}

/** Knative's settings where the controller finds them; where we may not look everywhere, those in the usual namespace. */
export async function readKnative(client: Client, discovery: Discovery): Promise<KnativeSources> {
  const operators = discovery.resources.find(
    ({ group, kind }) => group === 'operator.knative.dev' && kind === 'KnativeServing',
  )
  const [knativeServings, autoscalers, domains] = await Promise.all([
    operators ? allowed(async () => (await client.list(operators)).items, []) : [],
    listNamed(client, { namespace: 'knative-serving', name: 'config-autoscaler' }),
    listNamed(client, { namespace: 'knative-serving', name: 'config-domain' }),
  ])
  return findKnativeSources({ knativeServings, autoscalers, domains })
}

/** ConfigMaps of a name in all namespaces, or the one in `namespace`. */
async function listNamed(client: Client, name: ObjectName): Promise<readonly KubeObject[]> {
  const fieldSelector = `metadata.name=${name.name}`
  const all = await allowed(async () => (await client.list(resources.configMaps, { fieldSelector })).items, undefined)
  if (all) return all
  const usual = await find(client, resources.configMaps, name)
  return usual ? [usual] : []
}

async function allowed<T, Else>(read: () => Promise<T>, otherwise: Else): Promise<T | Else> {
  try {
    return await read()
  } catch (error) {
    if (isKubeError(error, 'Forbidden')) return otherwise
    throw error
  }
}

/** The resource of a kind as the cluster serves it: of our kinds in the stored version, whichever the server prefers. */
export function servedResource(
  discovery: Discovery,
  wanted: { readonly group: string; readonly kind: string },
): Resource | undefined {
  const candidates = discovery.resources.filter(({ group, kind }) => group === wanted.group && kind === wanted.kind)
  const stored = Object.values(serving).find(({ kind }) => kind === wanted.kind)
  return candidates.find(({ version }) => version === stored?.version) ?? candidates[0]
}
