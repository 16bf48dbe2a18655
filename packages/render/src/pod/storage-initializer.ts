import type { Container, PodSpec } from '@millrace/api'
import { type CredentialSettings, serviceAccountCredentials } from '../credentials/service-account-credentials.ts'
import { type StorageConfigInput, storageConfigCredentials } from '../credentials/storage-config.ts'
import { containerNames, modelDirectory, userKeys } from '../keys.ts'
import type { World } from '../world.ts'
import { addEnv, addInitContainer, addMount, addVolume, editContainer, findContainer } from './container-edit.ts'
import {
  caBundleFor,
  huggingFaceEnv,
  initContainer,
  modelVolume,
  mountCaBundle,
  withConfidential,
} from './init-container.ts'
import { ociModeOf, type StorageInitializerSettings } from './init-settings.ts'
import { addOciModels, type ModelSource, type PodResult } from './oci-model.ts'
import { overlayContainer } from '../runtime/strategic-merge.ts'
import type { StringMap } from './shape.ts'
import { findStorageContainer, type StorageContainer } from './storage-container.ts'
import { commonParent, parseOciUri, parsePvcUri, volumeNameOf } from './storage-uri.ts'

export interface StorageInput {
  readonly sources: readonly ModelSource[]
  readonly namespace: string
  readonly annotations: StringMap
  readonly storageContainerName: string | undefined
  /** `storage:` of the spec: which entry of the storage Secret, and what overrides it. */
  readonly storageConfig: StorageConfigInput | undefined
  readonly settings: StorageInitializerSettings
  readonly credentials: CredentialSettings
  readonly controllerNamespace: string
  readonly world: World
}

/** `storage.kserve.io/readonly: "false"` lets the server write where its model is. */
export function isReadOnly(annotations: StringMap): boolean {
  return annotations[userKeys.storageReadonly] !== 'false'
}

/**
 * One source, mounted at /mnt/models: a claim directly, anything else through the init container. OCI images are left to
 * `addOciModels`. A pod that has an initializer already is left alone, so that completing twice changes nothing.
 */
export function addSingleSource(spec: PodSpec, input: StorageInput): PodResult {
  const [source] = input.sources
  if (!source) return { ok: true, spec }
  const oci = parseOciUri(source.uri)
  if (oci && (oci.mode ?? ociModeOf(input.settings))) return { ok: true, spec }
  if (hasInitializer(spec)) return { ok: true, spec }
  const server = serverName(spec)
  if (!server) return { ok: false, problem: noServer }
  const targets = [server, containerNames.transformer]
  const readOnly = isReadOnly(input.annotations)
  const withPath = editContainer(spec, server, pointStorageUriAtModel)
  if (source.uri.startsWith('pvc://')) {
    const { claim, path } = parsePvcUri(source.uri)
    const mount = { name: 'kserve-pvc-source', mountPath: modelDirectory, readOnly, ...(path ? { subPath: path } : {}) }
    const mounted = mountIn(withPath, targets, mount)
    return { ok: true, spec: addVolume(mounted, { name: mount.name, persistentVolumeClaim: { claimName: claim } }) }
  }
  const mounted = mountIn(withPath, targets, { name: modelVolume, mountPath: modelDirectory, readOnly })
  return addInitializer(mounted, [source], { name: modelVolume, mountPath: modelDirectory }, input)
}

/** Several sources (`storageUris`), each at its own path. Claims and OCI images are mounted, the rest is downloaded together. */
export function addSources(spec: PodSpec, input: StorageInput): PodResult {
  const server = serverName(spec)
  if (!server) return { ok: false, problem: noServer }
  const isControllerNamespace = input.namespace === input.controllerNamespace
  const withOci = addOciModels(spec, input.sources, { settings: input.settings, isControllerNamespace })
  if (!withOci.ok || hasInitializer(withOci.spec)) return withOci
  const targets = [server, containerNames.transformer]
  const readOnly = isReadOnly(input.annotations)
  const others = input.sources.filter(({ uri }) => !parseOciUri(uri))
  const claims = others.filter(({ uri }) => uri.startsWith('pvc://'))
  const twice = claims.find(
    (claim, index) => claims.findIndex(({ mountPath }) => mountPath === claim.mountPath) < index,
  )
  if (twice) return { ok: false, problem: mountedTwice(twice.mountPath) }
  let result = withOci.spec
  for (const { uri, mountPath } of claims) {
    const { claim, path } = parsePvcUri(uri)
    const name = volumeNameOf(mountPath)
    result = mountIn(result, targets, { name, mountPath, readOnly, ...(path ? { subPath: path } : {}) })
    result = addVolume(result, { name, persistentVolumeClaim: { claimName: claim } })
  }
  const downloads = others.filter(({ uri }) => !uri.startsWith('pvc://'))
  if (downloads.length === 0) return { ok: true, spec: result }
  const mountPath = commonParent(downloads.map((source) => source.mountPath))
  const name = volumeNameOf(mountPath)
  result = mountIn(result, targets, { name, mountPath, readOnly })
  return addInitializer(result, downloads, { name, mountPath }, input)
}

const noServer = {
  reason: 'InvalidPredictorSpec',
  message: `The pod has no container "${containerNames.server}" to give the model to: name the model server so.`,
  condition: 'PredictorReady',
}

function mountedTwice(mountPath: string) {
  return {
    reason: 'InvalidStorage',
    message: `Two volume claims would be mounted at "${mountPath}": give each a mountPath of its own.`,
    path: 'spec.predictor.storageUris',
    condition: 'PredictorReady',
  }
}

function hasInitializer(spec: PodSpec): boolean {
  return spec.initContainers?.some((container) => container.name === containerNames.storageInitializer) ?? false
}

function serverName(spec: PodSpec): string | undefined {
  return [containerNames.server, containerNames.worker].find((name) => findContainer(spec, name))
}

/** A custom server learns from STORAGE_URI where its model is: the directory, once it is there. */
function pointStorageUriAtModel(container: Container): Container {
  if (!container.env?.some((variable) => variable.name === 'STORAGE_URI' && variable.value)) return container
  const env = container.env.map((variable) =>
    variable.name === 'STORAGE_URI' && variable.value ? { ...variable, value: modelDirectory } : variable,
  )
  return { ...container, env }
}

interface Mount {
  readonly name: string
  readonly mountPath: string
  readonly readOnly?: boolean
  readonly subPath?: string
}

function mountIn(spec: PodSpec, containers: readonly string[], mount: Mount): PodSpec {
  return containers.reduce(
    (result, name) => (findContainer(result, name) ? editContainer(result, name, (c) => addMount(c, mount)) : result),
    spec,
  )
}

function addInitializer(spec: PodSpec, sources: readonly ModelSource[], mount: Mount, input: StorageInput): PodResult {
  const first = sources[0]?.uri ?? ''
  const custom = findStorageContainer(first, input.storageContainerName, input.world)
  if (!custom.ok) return custom
  if (input.sources.length > 1 && custom.found && !custom.found.canFetchSeveral) {
    return { ok: false, problem: cannotFetchSeveral(custom.found) }
  }
  const args = sources.flatMap(({ uri, mountPath }) => [uri, mountPath])
  const bare = addMount(initContainer(input.settings, args), mount)
  const withCredentials = addCredentials({ ...spec }, bare, input)
  if (!withCredentials.ok) return withCredentials
  const { container, volumes } = withCredentials
  const bundle = caBundleFor(container, input.settings, input.namespace === input.controllerNamespace)
  const merged = custom.found ? overlayContainer(container, custom.found.container) : container
  const named = { ...merged, name: containerNames.storageInitializer }
  let result = addVolume(addInitContainer(spec, named), { name: mount.name, emptyDir: {} })
  for (const volume of volumes) result = addVolume(result, volume)
  if (bundle) result = mountCaBundle(result, bundle)
  result = editContainer(result, containerNames.storageInitializer, (c) =>
    withConfidential(addEnv(c, huggingFaceEnv), input.annotations),
  )
  return { ok: true, spec: result }
}

function cannotFetchSeveral(storage: StorageContainer) {
  return {
    reason: 'StorageContainerUnfit',
    message: `ClusterStorageContainer "${storage.name}" fetches one URI only: use another for storageUris, or leave it to the default initializer.`,
    path: 'spec.predictor.storageUris',
    condition: 'PredictorReady',
  }
}

type WithCredentials =
  | { readonly ok: true; readonly container: Container; readonly volumes: NonNullable<PodSpec['volumes']> }
  | Extract<PodResult, { ok: false }>

function addCredentials(spec: PodSpec, container: Container, input: StorageInput): WithCredentials {
  if (input.storageConfig) {
    const result = storageConfigCredentials(container.args ?? [], input.storageConfig)
    if (!result.ok) return result
    const env = [...(container.env ?? []), ...result.env]
    return { ok: true, container: { ...container, args: result.args, env }, volumes: [] }
  }
  const result = serviceAccountCredentials({
    namespace: input.namespace,
    annotations: input.annotations,
    serviceAccountName: spec.serviceAccountName,
    settings: input.credentials,
    world: input.world,
  })
  if (!result.ok) return result
  const { env, mounts, volumes } = result.credentials
  return {
    ok: true,
    container: {
      ...container,
      ...(env.length > 0 ? { env: [...(container.env ?? []), ...env] } : {}),
      volumeMounts: [...(container.volumeMounts ?? []), ...mounts],
    },
    volumes,
  }
}
