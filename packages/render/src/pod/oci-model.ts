import type { Container, PodSpec } from '@millrace/api'
import type { Problem } from '../decision.ts'
import {
  addContainer,
  addInitContainer,
  addMount,
  addVolume,
  editContainer,
  findContainer,
  setEnv,
} from './container-edit.ts'
import { caBundleFor, initContainer, mountCaBundle, modelVolume } from './init-container.ts'
import { ociModeOf, type StorageInitializerSettings } from './init-settings.ts'
import { parentDirectory, parseOciUri, volumeNameOf } from './storage-uri.ts'
import { containerNames, modelDirectory } from '../keys.ts'

export interface ModelSource {
  readonly uri: string
  readonly mountPath: string
}

export interface OciInput {
  readonly settings: StorageInitializerSettings
  readonly isControllerNamespace: boolean
}

export type PodResult =
  | { readonly ok: true; readonly spec: PodSpec }
  | { readonly ok: false; readonly problem: Problem }

/** Each source adds two containers to the pod, so their number has a bound. */
export const ociSourcesMax = 10

/** Brings every OCI image among the sources into the pod. Other sources are left alone. */
export function addOciModels(spec: PodSpec, sources: readonly ModelSource[], input: OciInput): PodResult {
  const problem = checkOciSources(sources, input.settings)
  if (problem) return { ok: false, problem }
  let result = spec
  let index = 0
  for (const { uri, mountPath } of sources) {
    const oci = parseOciUri(uri)
    const mode = oci?.mode ?? ociModeOf(input.settings)
    if (!oci || !mode) continue
    const server = findContainer(spec, containerNames.server) ? containerNames.server : containerNames.worker
    for (const target of [server, containerNames.transformer]) {
      if (!findContainer(result, target)) continue
      if (mode === 'native') result = mountImage(result, target, oci.image, mountPath)
      else if (mode === 'fetch') result = fetchImage(result, target, oci.image, mountPath, input)
      else result = addModelcar(result, target, oci.image, mountPath, index, input.settings)
    }
    index += 1
  }
  return { ok: true, spec: result }
}

function checkOciSources(sources: readonly ModelSource[], settings: StorageInitializerSettings): Problem | undefined {
  const paths = sources.filter(({ uri }) => parseOciUri(uri)).map(({ mountPath }) => mountPath)
  if (paths.length > ociSourcesMax) {
    return unfit(
      `${paths.length} OCI sources are more than the ${ociSourcesMax} that one pod can hold: put several models into one image.`,
    )
  }
  const isNative = ociModeOf(settings) === 'native'
  const places = new Set<string>()
  for (const path of paths.length > 1 ? paths : []) {
    const place = isNative ? path : parentDirectory(path)
    if (places.has(place))
      return unfit(`Two OCI sources would be mounted at "${place}": give them mountPaths in different directories.`)
    places.add(place)
  }
  return undefined
}

function unfit(message: string): Problem {
  return { reason: 'InvalidStorage', message, path: 'spec.predictor.storageUris', condition: 'PredictorReady' }
}

/** The image as a volume. Model images keep their files under /models. */
function mountImage(spec: PodSpec, target: string, image: string, path: string): PodSpec {
  const name = volumeNameOf(path) || 'oci-model'
  const mounted = editContainer(spec, target, (container) =>
    addMount(container, { name, mountPath: path, subPath: 'models', readOnly: true }),
  )
  return addVolume(mounted, { name, image: { reference: image, pullPolicy: 'IfNotPresent' } })
}

function fetchImage(spec: PodSpec, target: string, image: string, path: string, input: OciInput): PodSpec {
  const uri = `oci://${image}`
  const existing = spec.initContainers?.find((container) => container.name === containerNames.storageInitializer)
  let result = existing ? spec : addFetcher(spec, input, [uri, path])
  if (existing && !hasPair(existing.args ?? [], uri, path)) {
    result = editContainer(result, containerNames.storageInitializer, (container) => ({
      ...container,
      args: [...(container.args ?? []), uri, path],
    }))
  }
  const name = volumeNameOf(path) || 'oci-fetch-model'
  for (const container of [containerNames.storageInitializer, target]) {
    result = editContainer(result, container, (c) => addMount(c, { name, mountPath: path }))
  }
  return addVolume(result, { name, emptyDir: {} })
}

function hasPair(args: readonly string[], uri: string, path: string): boolean {
  return args.some((arg, index) => index % 2 === 0 && arg === uri && args[index + 1] === path)
}

/** Registry credentials come from the pod's first pull secret, as a file that only the initializer sees. */
function addFetcher(spec: PodSpec, input: OciInput, args: readonly string[]): PodSpec {
  const { settings } = input
  let container = initContainer(settings, args)
  let result = spec
  const secretName = spec.imagePullSecrets?.[0]?.name
  if (secretName) {
    const name = 'kserve-oci-fetch-docker-config'
    container = addMount(container, { name, mountPath: '/mnt/oci-fetch-auth', readOnly: true })
    container = setEnv(container, [{ name: 'KSERVE_OCI_DOCKER_CONFIG', value: '/mnt/oci-fetch-auth/config.json' }])
    const items = [{ key: '.dockerconfigjson', path: 'config.json' }]
    result = addVolume(result, { name, secret: { secretName, defaultMode: 0o400, items } })
  }
  if (settings.ociInsecureRegistry)
    container = setEnv(container, [{ name: 'KSERVE_OCI_INSECURE_REGISTRY', value: 'true' }])
  result = addInitContainer(result, container)
  const bundle = settings.caBundleConfigMapName
    ? caBundleFor(container, settings, input.isControllerNamespace)
    : undefined
  return bundle ? mountCaBundle(result, bundle) : result
}

/**
 * The image as a container beside the server, which reaches its files through the shared process namespace; an init
 * container pulls the image first and looks that a model is in it.
 */
function addModelcar(
  spec: PodSpec,
  target: string,
  image: string,
  path: string,
  index: number,
  settings: StorageInitializerSettings,
): PodSpec {
  const suffix = index === 0 ? '' : `-${index}`
  const volume = `${modelVolume}${suffix}`
  const directory = parentDirectory(path)
  const runAsUser = settings.uidModelcar
  let result = editContainer(spec, target, (container) => {
    const waiting = setEnv(container, [{ name: 'MODEL_INIT_MODE', value: 'async' }])
    const mounted = addMount(waiting, { name: volume, mountPath: directory })
    if (runAsUser === undefined) return mounted
    return { ...mounted, securityContext: { ...mounted.securityContext, runAsUser } }
  })
  result = addVolume({ ...result, shareProcessNamespace: true }, { name: volume, emptyDir: {} })
  const name = `modelcar${suffix}`
  if (findContainer(result, name)) return result
  const resources = modelcarResources(settings)
  result = addContainer(result, {
    name,
    image,
    args: ['sh', '-c', modelcarCommand(path)],
    resources,
    volumeMounts: [{ name: volume, mountPath: directory }],
    terminationMessagePolicy: 'FallbackToLogsOnError',
    ...(runAsUser === undefined ? {} : { securityContext: { runAsUser } }),
  })
  return addInitContainer(result, {
    name: `modelcar-init${suffix}`,
    image,
    args: ['sh', '-c', modelcarCheck(image)],
    resources,
    terminationMessagePolicy: 'FallbackToLogsOnError',
  })
}

function modelcarResources(settings: StorageInitializerSettings): NonNullable<Container['resources']> {
  const amounts = { cpu: settings.cpuModelcar || '10m', memory: settings.memoryModelcar || '15Mi' }
  return { limits: amounts, requests: amounts }
}

/** `$$$$` is `$$` after Kubernetes' own expansion: the id of the shell, whose root is the image. */
function modelcarCommand(path: string): string {
  const link = `ln -sf /proc/$$$$/root/models ${shellQuoted(path)} && sleep infinity`
  return path === modelDirectory ? link : `mkdir -p ${shellQuoted(parentDirectory(path))} && ${link}`
}

/** Fails the pod early, with the cause in its status, when the image holds no model. */
function modelcarCheck(image: string): string {
  const complaint = shellQuoted(`${image} holds no model: put its files under /models`)
  return `[ -d /models ] && [ -n "$$(ls -A /models)" ] || { echo ${complaint} >&2; exit 1; }`
}

function shellQuoted(text: string): string {
  return /^[A-Za-z0-9/._-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
