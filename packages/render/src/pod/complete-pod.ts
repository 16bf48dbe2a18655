import type { Problem } from '../decision.ts'
import type { CredentialSettings } from '../credentials/service-account-credentials.ts'
import { internalKeys, labelKeys, modelDirectory, userKeys } from '../keys.ts'
import type { World } from '../world.ts'
import { type AgentSettings, addAgent } from './agent.ts'
import { checkPod } from './check-pod.ts'
import type { StorageInitializerSettings } from './init-settings.ts'
import { ociModeOf } from './init-settings.ts'
import { setInitializerUser } from './istio-uid.ts'
import { localModelUri } from './local-model.ts'
import type { LoggerSettings } from './logger-args.ts'
import { addMetrics, type MetricsSettings } from './metrics.ts'
import { addOciModels } from './oci-model.ts'
import type { PodTemplate, StringMap } from './shape.ts'
import { findStorageContainer } from './storage-container.ts'
import { addSingleSource } from './storage-initializer.ts'
import { parseOciUri } from './storage-uri.ts'

/** The parts of the configuration that pods depend on. */
export interface PodSettings {
  readonly storageInitializer: StorageInitializerSettings
  readonly credentials: CredentialSettings
  readonly agent: AgentSettings
  readonly logger: LoggerSettings
  readonly metricsAggregator: MetricsSettings
}

export interface CompletePodInput {
  readonly pod: PodTemplate
  readonly settings: PodSettings
  readonly world: World
  readonly controllerNamespace: string
}

export type CompletedPod =
  | { readonly ok: true; readonly pod: PodTemplate }
  | { readonly ok: false; readonly problem: Problem }

/**
 * Adds to a pod what its annotations ask for: the model's download or volume, credentials, agent, metrics. In Standard
 * mode the renderer calls it; in Knative mode, which may refuse init containers, the pod webhook does. Completing a
 * complete pod changes nothing.
 */
export function completePod(input: CompletePodInput): CompletedPod {
  const pod = selectAccelerator(input.pod)
  const stored = addStorage(pod, input)
  if (!stored.ok) return stored
  const withUser = { ...stored.pod, spec: setInitializerUser(stored.pod) }
  const withAgent = addAgent(withUser, { ...input.settings, world: input.world })
  if (!withAgent.ok) return withAgent
  const withMetrics = addMetrics({ ...withUser, spec: withAgent.spec }, input.settings.metricsAggregator)
  const complete = addOciModel(withMetrics, input)
  const problem = complete.ok ? checkPod(complete.pod.spec) : undefined
  return problem ? { ok: false, problem } : complete
}

function addStorage(pod: PodTemplate, input: CompletePodInput): CompletedPod {
  const { annotations, labels, namespace } = pod.metadata
  const given = annotations[internalKeys.storageInitializerSourceUri]
  if (given === undefined) return { ok: true, pod }
  // The agent downloads models itself, while the server runs.
  if (internalKeys.agent in annotations) return { ok: true, pod }
  const uri = labelKeys.localModel in labels ? localModelUri(given, annotations) : given
  const storageContainerName = annotations[internalKeys.storageContainerName]
  // One that is named must fit, also where nothing is left for it to do.
  const named = storageContainerName ? findStorageContainer(uri, storageContainerName, input.world) : undefined
  if (named && !named.ok) return named
  const key = annotations[internalKeys.storageSpecKey] ?? ''
  const storageConfig =
    annotations[internalKeys.storageSpec] === 'true'
      ? {
          namespace,
          annotations,
          key,
          parameters: storageParameters(annotations),
          settings: input.settings.credentials,
          world: input.world,
        }
      : undefined
  const result = addSingleSource(pod.spec, {
    sources: [{ uri, mountPath: modelDirectory }],
    namespace,
    annotations,
    storageContainerName,
    storageConfig,
    settings: input.settings.storageInitializer,
    credentials: input.settings.credentials,
    controllerNamespace: input.controllerNamespace,
    world: input.world,
  })
  return result.ok ? { ok: true, pod: { ...pod, spec: result.spec } } : result
}

/** Written by us from a map of strings, so anything else is an empty map. */
function storageParameters(annotations: StringMap): StringMap {
  try {
    const parsed: unknown = JSON.parse(annotations[internalKeys.storageSpecParam] ?? '{}')
    const entries = Object.entries(Object(parsed) as Record<string, unknown>)
    return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]))
  } catch {
    return {}
  }
}

function addOciModel(pod: PodTemplate, input: CompletePodInput): CompletedPod {
  const uri = pod.metadata.annotations[internalKeys.storageInitializerSourceUri]
  const settings = input.settings.storageInitializer
  if (uri === undefined || !ociModeOf(settings) || !parseOciUri(uri)) return { ok: true, pod }
  const isControllerNamespace = pod.metadata.namespace === input.controllerNamespace
  const source = { uri, mountPath: modelDirectory }
  const result = addOciModels(pod.spec, [source], { settings, isControllerNamespace })
  return result.ok ? { ok: true, pod: { ...pod, spec: result.spec } } : result
}

/** GKE places pods on nodes of one kind of accelerator by a node label. */
function selectAccelerator(pod: PodTemplate): PodTemplate {
  const accelerator = pod.metadata.annotations[userKeys.gkeAccelerator]
  const hasGpu = pod.spec.containers.some((container) => 'nvidia.com/gpu' in (container.resources?.limits ?? {}))
  if (accelerator === undefined || !hasGpu) return pod
  const nodeSelector = { ...pod.spec.nodeSelector, 'cloud.google.com/gke-accelerator': accelerator }
  return { ...pod, spec: { ...pod.spec, nodeSelector } }
}
