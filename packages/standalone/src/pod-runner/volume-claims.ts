import { rm } from 'node:fs/promises'
import {
  type Change,
  type Client,
  type Informer,
  isKubeError,
  type KubeObject,
  type Log,
  quantityValue,
  resources,
  startInformer,
} from '@millrace/kube'
import { claimDirectory, makePrivateDirectory } from './pod-directory.ts'
import { hostPathPlace } from './pod-volumes.ts'

interface Claim extends KubeObject {
  spec: {
    volumeName?: string
    storageClassName?: string
    accessModes?: string[]
    resources?: { requests?: { storage?: string } }
    selector?: { matchLabels?: Record<string, string> }
    volumeMode?: string
  }
  status?: { phase?: string }
}

interface PersistentVolume extends KubeObject {
  spec: {
    capacity?: { storage?: string }
    accessModes?: string[]
    storageClassName?: string
    claimRef?: { namespace?: string; name?: string; uid?: string }
    hostPath?: { path: string; type?: string }
    local?: { path: string }
    persistentVolumeReclaimPolicy?: string
    [field: string]: unknown
  }
  status?: { phase?: string }
}

/** Binds PersistentVolumeClaims to directories of this machine. */
export interface VolumeClaims {
  readonly synced: Promise<void>
  /** The directory of a bound claim, or why there is none (yet). */
  place(namespace: string, claim: string): Promise<{ place: string } | { message: string }>
  /** A pod has ended: volumes that waited for it can be freed. */
  sweep(): void
  close(): Promise<void>
}

export interface VolumeClaimsContext {
  readonly client: Client
  readonly log: Log
  readonly dataDir: string
  readonly signal: AbortSignal
  /** A pod on this node still uses the claim. */
  readonly isInUse: (namespace: string, claim: string) => boolean
}

const provisioner = 'millrace.dev/local'
const provisionedBy = 'pv.kubernetes.io/provisioned-by'

/**
 * A claim gets the first unbound hostPath or local PersistentVolume that satisfies it, else a directory of its own,
 * `<dataDir>/volumes/<namespace>/<name>`, whatever its storage class, unless that class is another provisioner's.
 * Deleting the claim deletes a directory that was made for it, as reclaim policy Delete says.
 */
export function startVolumeClaims(context: VolumeClaimsContext): VolumeClaims {
  const { client, log, signal } = context
  const claims = startInformer<Claim>(client, resources.persistentVolumeClaims, { log })
  const volumes = startInformer<PersistentVolume>(client, resources.persistentVolumes, { log })
  const synced = Promise.all([claims.synced, volumes.synced]).then(() => {})
  let queue: Promise<void> = synced

  /** One at a time: two claims must not take the same volume. */
  function enqueue(what: string, step: () => Promise<void>): void {
    queue = queue.then(step).catch((error: unknown) => {
      if (!signal.aborted) log.warn('Could not serve a volume claim', { claim: what, error: String(error) })
    })
  }

  function sweep(): void {
    enqueue('all', () => reclaim(claims, volumes, context))
  }

  const stopWatching = claims.onChange((change) => {
    const { namespace = 'default', name = '' } = change.object.metadata
    if (change.type === 'deleted') sweep()
    else enqueue(`${namespace}/${name}`, () => serve(change, claims, volumes, context))
  })
  sweep()

  return {
    synced,
    async place(namespace, name) {
      const claim = claims.get({ namespace, name })
      if (!claim) return { message: `PersistentVolumeClaim "${name}" does not exist; create it, and the pod goes on.` }
      await queue
      const volumeName = claims.get({ namespace, name })?.spec.volumeName
      const volume = volumeName ? volumes.get({ name: volumeName }) : undefined
      if (!volume) return { message: `PersistentVolumeClaim "${name}" is not bound yet.` }
      return volumePlace(volume)
    },
    sweep,
    async close() {
      stopWatching()
      if (claims.isSynced && volumes.isSynced) await queue
      await Promise.all([claims.stop(), volumes.stop()])
    },
  }
}

async function volumePlace(volume: PersistentVolume): Promise<{ place: string } | { message: string }> {
  const path = volume.spec.hostPath ?? volume.spec.local
  if (path) return hostPathPlace(path)
  const message = `PersistentVolume "${volume.metadata.name}" is not a directory of this machine; only hostPath and local volumes can be used here.`
  return { message }
}

async function serve(
  { object }: Change<Claim>,
  claims: Informer<Claim>,
  volumes: Informer<PersistentVolume>,
  context: VolumeClaimsContext,
): Promise<void> {
  const { namespace, name } = object.metadata
  const claim = claims.get({ ...(namespace !== undefined && { namespace }), name: name ?? '' })
  if (!claim || claim.metadata.deletionTimestamp || claim.spec.volumeMode === 'Block') return
  if (claim.spec.volumeName) {
    const volume = volumes.get({ name: claim.spec.volumeName })
    if (volume && claim.status?.phase !== 'Bound') await bind(claim, volume, claims, volumes, context)
    return
  }
  if (!(await isOurClass(claim, context))) return
  const found = volumes.list().find((volume) => satisfies(volume, claim))
  await bind(claim, found ?? (await provision(claim, volumes, context)), claims, volumes, context)
}

/** Any class is ours, unless a StorageClass object gives it to another provisioner. */
async function isOurClass(claim: Claim, { client, signal }: VolumeClaimsContext): Promise<boolean> {
  const name = claim.spec.storageClassName
  if (!name) return true
  try {
    const storageClass = await client.get(resources.storageClasses, { name }, { signal })
    return storageClass.provisioner === provisioner || storageClass.provisioner === 'kubernetes.io/no-provisioner'
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return true
    throw error
  }
}

/** The rules of static binding: reserved for this claim or for nobody, class, modes, labels and size. */
function satisfies(volume: PersistentVolume, claim: Claim): boolean {
  const { claimRef, accessModes = [], capacity, hostPath, local, storageClassName = '' } = volume.spec
  if (!hostPath && !local) return false
  if (claimRef?.uid && claimRef.uid !== claim.metadata.uid) return false
  if (claimRef && (claimRef.name !== claim.metadata.name || claimRef.namespace !== claim.metadata.namespace))
    return false
  if (!claimRef && storageClassName !== (claim.spec.storageClassName ?? '')) return false
  const labels = Object.entries(claim.spec.selector?.matchLabels ?? {})
  return (
    (claim.spec.accessModes ?? []).every((mode) => accessModes.includes(mode)) &&
    labels.every(([key, value]) => volume.metadata.labels?.[key] === value) &&
    (quantityValue(capacity?.storage) ?? 0) >= (quantityValue(claim.spec.resources?.requests?.storage) ?? 0)
  )
}

async function provision(
  claim: Claim,
  volumes: Informer<PersistentVolume>,
  context: VolumeClaimsContext,
): Promise<PersistentVolume> {
  const { namespace = 'default', name = '', uid = '' } = claim.metadata
  const path = claimDirectory(context.dataDir, namespace, name)
  await makePrivateDirectory(path)
  const volume: PersistentVolume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `pvc-${uid}`, annotations: { [provisionedBy]: provisioner } },
    spec: {
      capacity: { storage: claim.spec.resources?.requests?.storage ?? '1Gi' },
      accessModes: claim.spec.accessModes ?? ['ReadWriteOnce'],
      ...(claim.spec.storageClassName !== undefined && { storageClassName: claim.spec.storageClassName }),
      persistentVolumeReclaimPolicy: 'Delete',
      volumeMode: 'Filesystem',
      hostPath: { path, type: 'DirectoryOrCreate' },
    },
  }
  const existing = volumes.get({ name: `pvc-${uid}` })
  return existing ?? (await context.client.create(resources.persistentVolumes, volume, { signal: context.signal }))
}

/** Volume first, then claim: a claim that names a volume may be used at once. */
async function bind(
  claim: Claim,
  volume: PersistentVolume,
  claims: Informer<Claim>,
  volumes: Informer<PersistentVolume>,
  { client, signal, log }: VolumeClaimsContext,
): Promise<void> {
  const { namespace, name = '', uid } = claim.metadata
  const claimName = { ...(namespace !== undefined && { namespace }), name }
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claimName, uid }
  const volumeName = { name: volume.metadata.name ?? '' }
  const patch = { spec: { claimRef } }
  volumes.remember(
    await client.patch<PersistentVolume>(resources.persistentVolumes, volumeName, 'merge', patch, { signal }),
  )
  const status = { subresource: 'status', signal }
  const boundVolume = { status: { phase: 'Bound' } }
  volumes.remember(
    await client.patch<PersistentVolume>(resources.persistentVolumes, volumeName, 'merge', boundVolume, status),
  )
  const chosen = {
    metadata: {
      annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' },
    },
    spec: { volumeName: volumeName.name },
  }
  await client.patch(resources.persistentVolumeClaims, claimName, 'merge', chosen, { signal })
  const { accessModes, capacity } = volume.spec
  const boundClaim = { status: { phase: 'Bound', accessModes, capacity } }
  claims.remember(await client.patch<Claim>(resources.persistentVolumeClaims, claimName, 'merge', boundClaim, status))
  log.info('Bound a volume claim', { namespace, claim: name, volume: volumeName.name })
}

/**
 * Frees the volumes whose claim is gone: what was made for a claim, by us, is deleted with its files; other volumes are
 * released and kept. One that a pod still uses waits for the pod's end.
 */
async function reclaim(
  claims: Informer<Claim>,
  volumes: Informer<PersistentVolume>,
  context: VolumeClaimsContext,
): Promise<void> {
  const living = new Set(claims.list().map((claim) => claim.metadata.uid))
  for (const volume of volumes.list()) {
    const { uid, namespace = 'default', name = '' } = volume.spec.claimRef ?? {}
    if (uid === undefined || living.has(uid) || volume.metadata.deletionTimestamp) continue
    if (!context.isInUse(namespace, name)) await free(volume, namespace, name, volumes, context)
  }
}

async function free(
  volume: PersistentVolume,
  namespace: string,
  claim: string,
  volumes: Informer<PersistentVolume>,
  { client, signal, log, dataDir }: VolumeClaimsContext,
): Promise<void> {
  const volumeName = { name: volume.metadata.name ?? '' }
  const path = claimDirectory(dataDir, namespace, claim)
  if (volume.metadata.annotations?.[provisionedBy] !== provisioner || volume.spec.hostPath?.path !== path) {
    if (volume.status?.phase !== 'Bound' || !(volume.spec.hostPath ?? volume.spec.local)) return
    const released = { status: { phase: 'Released' } }
    await client.patch(resources.persistentVolumes, volumeName, 'merge', released, { subresource: 'status', signal })
    return
  }
  // A claim of the same name that was made again has the same directory: its files stay.
  const isShared = volumes.list().some((other) => other !== volume && other.spec.hostPath?.path === path)
  if (!isShared) await rm(path, { recursive: true, force: true })
  await client.delete(resources.persistentVolumes, volumeName, { signal })
  log.info('Deleted a volume with its claim', { namespace, claim, volume: volumeName.name })
}
