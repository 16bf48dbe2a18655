import type { Container } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { Problem } from '../decision.ts'
import type { World } from '../world.ts'

/** What of a ClusterStorageContainer the pod needs. */
export interface StorageContainer {
  readonly name: string
  readonly container: Container
  readonly canFetchSeveral: boolean
}

export type StorageContainerResult =
  | { readonly ok: true; readonly found: StorageContainer | undefined }
  | { readonly ok: false; readonly problem: Problem }

interface Spec {
  readonly container?: Container
  readonly workloadType?: string
  readonly supportsMultiModelDownload?: boolean
  readonly supportedUriFormats?: readonly { readonly prefix?: string; readonly regex?: string }[]
}

/**
 * The ClusterStorageContainer that fetches a URI: the named one, which then must fit, else the first by name that fits,
 * else none (the default initializer does it).
 */
export function findStorageContainer(uri: string, name: string | undefined, world: World): StorageContainerResult {
  if (name) return namedContainer(uri, name, world)
  for (const object of world.list('ClusterStorageContainer')) {
    if (!unfit(object, uri)) return { ok: true, found: storageContainer(object) }
  }
  return { ok: true, found: undefined }
}

function namedContainer(uri: string, name: string, world: World): StorageContainerResult {
  const object = world.find('ClusterStorageContainer', name)
  const why = object ? unfit(object, uri) : 'does not exist'
  if (object && !why) return { ok: true, found: storageContainer(object) }
  return {
    ok: false,
    problem: {
      reason: 'StorageContainerUnfit',
      message: `ClusterStorageContainer "${name}" ${why ?? ''}: choose another in storageContainerName, or leave it out.`,
      path: 'spec.predictor.storageContainerName',
      condition: 'PredictorReady',
    },
  }
}

function unfit(object: KubeObject, uri: string): string | undefined {
  const spec = specOf(object)
  if (object['disabled'] === true) return 'is disabled'
  const workloadType = spec.workloadType ?? 'initContainer'
  if (workloadType !== 'initContainer') return `is for ${workloadType}, not for init containers`
  if (!spec.supportedUriFormats?.some((format) => fits(format, uri))) return `does not support "${uri}"`
  return undefined
}

function fits(format: { readonly prefix?: string; readonly regex?: string }, uri: string): boolean {
  if (format.prefix) return uri.startsWith(format.prefix)
  if (!format.regex) return false
  try {
    return new RegExp(format.regex).test(uri)
  } catch {
    return false
  }
}

function storageContainer(object: KubeObject): StorageContainer {
  const spec = specOf(object)
  return {
    name: object.metadata.name ?? '',
    container: spec.container ?? { name: '' },
    canFetchSeveral: spec.supportsMultiModelDownload ?? false,
  }
}

function specOf(object: KubeObject): Spec {
  return Object(object['spec']) as Spec
}
