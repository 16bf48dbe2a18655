import {
  type ClusterConfig,
  configMapName,
  convertObject,
  formatConfigFinding,
  group,
  parseConfig,
  resources as serving,
  shippedConfig,
  shippedRuntimes,
} from '@millrace/api'
import { type KubeObject, resources as kubernetes } from '@millrace/kube'
import {
  type Capabilities,
  findKnativeSources,
  type Gathered,
  type Knative,
  knativeOf,
  type RenderInput,
  secretFacts,
} from '@millrace/render'
import { usageError } from './command-error.ts'
import { didYouMean } from './did-you-mean.ts'
import type { Manifest } from './manifest-files.ts'
import { controllerNamespace } from './platform/bootstrap.ts'

/** A cluster made of files: what `render` would otherwise gather from an API server. */
export interface OfflineWorld {
  readonly services: readonly Manifest[]
  readonly inputFor: (service: KubeObject) => RenderInput
  /** What is wrong with a configuration in the files; the shipped values stand in. */
  readonly configProblems: readonly string[]
}

const servedKinds = ['InferenceService', 'InferenceGraph']

export const capabilityNames = ['knative', 'istio', 'gateway-api', 'keda', 'otel', 'image-volume'] as const

export function parseCapabilities(text: string): Capabilities {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  for (const name of names) {
    if (capabilityNames.some((known) => known === name) || name === 'none') continue
    throw usageError(
      `--capabilities ${name}: the names are ${capabilityNames.join(', ')}, or none.${didYouMean(name, capabilityNames)}`,
    )
  }
  const has = (name: (typeof capabilityNames)[number]): boolean => names.includes(name)
  return {
    knative: has('knative'),
    istio: has('istio'),
    gatewayApi: has('gateway-api'),
    keda: has('keda'),
    otel: has('otel'),
    imageVolume: has('image-volume'),
  }
}

export function offlineWorld(
  manifests: readonly Manifest[],
  namespace: string,
  capabilities: Capabilities,
): OfflineWorld {
  const isOurs = (object: KubeObject): boolean => object.apiVersion.startsWith(`${group}/`)
  const services = manifests
    .filter(({ object }) => isOurs(object) && servedKinds.includes(object.kind))
    .map((manifest) => placed(manifest, namespace))
  const objects = manifests.map((manifest) => placed(manifest, namespace).object)
  const hasRuntimes = objects.some(
    (object) => object.kind === 'ServingRuntime' || object.kind === 'ClusterServingRuntime',
  )
  // Shipped runtimes are of our own kind's type, which is a KubeObject with its spec typed.
  const runtimes = hasRuntimes ? [] : (shippedRuntimes as unknown as readonly KubeObject[])
  const world: Gathered = {
    objects: [...objects.filter((object) => object.kind !== 'Secret'), ...runtimes],
    secrets: objects.filter((object) => object.kind === 'Secret').map(secretFacts),
  }
  const { config, problems } = configIn(objects) ?? { config: configShipped(), problems: [] }
  const knative = knativeIn(objects)
  const configuredNamespace = configNamespace(objects)
  return {
    services,
    configProblems: problems,
    inputFor: (service) => ({
      service,
      world,
      children: [],
      config,
      capabilities,
      knative,
      controllerNamespace: configuredNamespace,
    }),
  }
}

const clusterScoped = new Set(
  [...Object.values(serving), ...Object.values(kubernetes)]
    .filter(({ namespaced }) => !namespaced)
    .map(({ kind }) => kind),
)

/** As a cluster keeps it: in the stored version, and in a namespace. */
function placed(manifest: Manifest, namespace: string): Manifest {
  const object = stored(manifest.object)
  if (clusterScoped.has(object.kind) || object.metadata.namespace !== undefined) return { ...manifest, object }
  return { ...manifest, object: { ...object, metadata: { ...object.metadata, namespace } } }
}

function stored(object: KubeObject): KubeObject {
  const { group: ours, version } = serving.inferenceServices
  if (object.kind !== 'InferenceService') return object
  const converted = convertObject(object, `${ours}/${version}`)
  // What it gives is the same object with its fields elsewhere.
  return converted.ok ? (converted.object as KubeObject) : object
}

interface FoundConfig {
  readonly config: ClusterConfig
  readonly problems: readonly string[]
}

/** The configuration among the objects; undefined where there is none. */
export function configIn(objects: readonly KubeObject[]): FoundConfig | undefined {
  const data = dataOf(findConfigMap(objects, configMapName))
  return data && readConfig(data)
}

/** What we install. */
export function configShipped(): ClusterConfig {
  return readConfig(shippedConfig).config
}

function readConfig(data: Readonly<Record<string, string>>): FoundConfig {
  const { config, findings } = parseConfig(data)
  return { config, problems: findings.map(formatConfigFinding) }
}

function configNamespace(objects: readonly KubeObject[]): string {
  return findConfigMap(objects, configMapName)?.metadata.namespace ?? controllerNamespace
}

function knativeIn(objects: readonly KubeObject[]): Knative {
  const named = (name: string) => objects.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)
  const [autoscalers, domains] = [named('config-autoscaler'), named('config-domain')]
  const knativeServings = objects.filter(({ kind }) => kind === 'KnativeServing')
  const { knativeServing, autoscaler, domain } = findKnativeSources({ knativeServings, autoscalers, domains })
  // Files may hold them without their namespace.
  return knativeOf({ knativeServing, autoscaler: autoscaler ?? autoscalers[0], domain: domain ?? domains[0] })
}

function findConfigMap(objects: readonly KubeObject[], name: string): KubeObject | undefined {
  return objects.find((object) => object.kind === 'ConfigMap' && object.metadata.name === name)
}

function dataOf(configMap: KubeObject | undefined): Readonly<Record<string, string>> | undefined {
  const data = configMap?.data
  return typeof data === 'object' && data !== null
    ? Object.fromEntries(Object.entries(data).map(([key, value]) => [key, String(value)]))
    : undefined
}
