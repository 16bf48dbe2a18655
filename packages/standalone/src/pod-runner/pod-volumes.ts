import { mkdir, stat, writeFile } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { KubeObject } from '@millrace/kube'
import { writePayload } from './atomic-payload.ts'
import type { DownwardFacts } from './downward-field.ts'
import { expandVariables } from './expand-variables.ts'
import type { MappedPath } from './map-mount-paths.ts'
import type { Container, Pod, ProjectedSource, Volume } from './pod.ts'
import { innerPlace, makePrivateDirectory, volumeDirectory } from './pod-directory.ts'
import { payloadObjects, payloadSources, type SourceName, volumePayload } from './volume-payload.ts'

/** What volumes need from outside of their directory. */
export interface VolumeContext {
  readonly podDir: string
  readonly facts: DownwardFacts
  /** Reads a ConfigMap or Secret of the pod's namespace; undefined when it does not exist. */
  readonly fetchObject: (source: SourceName) => Promise<KubeObject | undefined>
  readonly requestToken: (source: NonNullable<ProjectedSource['serviceAccountToken']>) => Promise<string | undefined>
  /** The directory of a claim of the pod's namespace, or why there is none (yet). */
  readonly claimPlace: (claim: string) => Promise<{ place: string } | { message: string }>
}

/** `isFinal`: waiting cannot help, the pod has to be written differently. */
export interface VolumeProblem {
  readonly message: string
  readonly isFinal: boolean
}

export type VolumesResult =
  | { readonly ok: true; readonly places: ReadonlyMap<string, string> }
  | ({ readonly ok: false } & VolumeProblem)

const refusedSources: Readonly<Record<string, string>> = {
  image:
    'image volumes need a container runtime; put the files into a directory and use a hostPath or persistentVolumeClaim volume.',
  csi: 'CSI drivers need a cluster; use a persistentVolumeClaim, hostPath or emptyDir volume.',
  nfs: 'mount the NFS share on this machine and use a hostPath volume.',
  ephemeral: 'ephemeral claims are not made here; use a persistentVolumeClaim or emptyDir volume.',
}

/** Makes every volume of the pod, or says which one is in the way. What is there already is kept. */
export async function prepareVolumes(pod: Pod, context: VolumeContext): Promise<VolumesResult> {
  const places = new Map<string, string>()
  for (const volume of pod.spec.volumes ?? []) {
    const result = await prepareVolume(volume, context)
    if ('place' in result) places.set(volume.name, result.place)
    else return { ok: false, isFinal: result.isFinal, message: `volume "${volume.name}": ${result.message}` }
  }
  return { ok: true, places }
}

type VolumeResult = { readonly place: string } | VolumeProblem

async function prepareVolume(volume: Volume, context: VolumeContext): Promise<VolumeResult> {
  const place = volumeDirectory(context.podDir, volume.name)
  if (volume.hostPath) return hostPathPlace(volume.hostPath)
  if (volume.persistentVolumeClaim) {
    const claim = await context.claimPlace(volume.persistentVolumeClaim.claimName)
    return 'place' in claim ? claim : { message: claim.message, isFinal: false }
  }
  if (payloadSources(volume)) {
    const message = await refreshVolume(volume, context)
    return message === undefined ? { place } : { message, isFinal: false }
  }
  const unknown = Object.keys(volume).find((key) => key !== 'name' && key !== 'emptyDir')
  if (unknown !== undefined) {
    const advice =
      refusedSources[unknown] ??
      'use emptyDir, hostPath, configMap, secret, downwardAPI, projected or persistentVolumeClaim.'
    return { message: `the source "${unknown}" is not available on one machine: ${advice}`, isFinal: true }
  }
  await makePrivateDirectory(place)
  return { place }
}

/** Brings a volume made of API objects up to date; answers with what is in the way, if something is. */
export async function refreshVolume(volume: Volume, context: VolumeContext): Promise<string | undefined> {
  const plan = payloadSources(volume)
  if (!plan) return undefined
  const objects = new Map<string, KubeObject>()
  for (const source of payloadObjects(plan.sources)) {
    const object = await context.fetchObject(source)
    if (object) objects.set(`${source.kind}/${source.name}`, object)
  }
  const tokens = new Map<string, string>()
  for (const { serviceAccountToken } of plan.sources) {
    const token = serviceAccountToken && (await context.requestToken(serviceAccountToken))
    if (serviceAccountToken && token !== undefined) tokens.set(serviceAccountToken.path, token)
  }
  const result = volumePayload(plan.sources, plan.mode, {
    facts: context.facts,
    object: ({ kind, name }) => objects.get(`${kind}/${name}`),
    token: (path) => tokens.get(path),
  })
  if (!result.ok) return result.message
  await writePayload(volumeDirectory(context.podDir, volume.name), result.payload)
  return undefined
}

/** Checks a hostPath against its `type`, as core/v1 HostPathVolumeSource describes, and makes what it says may be made. */
export async function hostPathPlace({ path, type = '' }: { path: string; type?: string }): Promise<VolumeResult> {
  if (!isAbsolute(path) || path.split('/').includes('..')) {
    return { message: `hostPath "${path}" must be absolute and without "..".`, isFinal: true }
  }
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 })
  if (type === 'FileOrCreate') await writeFile(path, '', { flag: 'a' })
  const found = await stat(path).catch(() => undefined)
  if (!found)
    return {
      message: `hostPath "${path}" does not exist on this machine; create it, and the pod goes on.`,
      isFinal: false,
    }
  const wantsFile = type.startsWith('File')
  if (type.startsWith('Directory') && !found.isDirectory())
    return { message: `hostPath "${path}" is not a directory.`, isFinal: false }
  if (wantsFile && !found.isFile()) return { message: `hostPath "${path}" is not a file.`, isFinal: false }
  if (type === 'Socket' && !found.isSocket()) return { message: `hostPath "${path}" is not a socket.`, isFinal: false }
  return { place: path }
}

export type MountsResult =
  | { readonly ok: true; readonly mapped: readonly MappedPath[] }
  | { readonly ok: false; readonly message: string }

/** The real places of a container's mounts. `readOnly` is not enforced: a process has its owner's permissions. */
export async function resolveMounts(
  container: Container,
  places: ReadonlyMap<string, string>,
  environment: ReadonlyMap<string, string>,
): Promise<MountsResult> {
  if (container.volumeDevices?.length) {
    return { ok: false, message: 'volumeDevices (raw block volumes) need a cluster; use volumeMounts.' }
  }
  const mapped: MappedPath[] = []
  for (const mount of container.volumeMounts ?? []) {
    const place = places.get(mount.name)
    if (place === undefined)
      return { ok: false, message: `volumeMounts names the volume "${mount.name}", which the pod does not have.` }
    if (!isAbsolute(mount.mountPath) || /^\/+$/.test(mount.mountPath)) {
      return { ok: false, message: `mountPath "${mount.mountPath}" must be absolute and cannot be "/" itself.` }
    }
    const subPath = mount.subPathExpr ? expandVariables(mount.subPathExpr, environment) : mount.subPath
    const realPath = subPath ? await innerPlace(place, subPath) : place
    if (realPath === undefined) {
      return {
        ok: false,
        message: `subPath "${subPath}" leads out of the volume "${mount.name}"; it must be relative and stay inside.`,
      }
    }
    mapped.push({ mountPath: mount.mountPath, realPath })
  }
  return { ok: true, mapped }
}
