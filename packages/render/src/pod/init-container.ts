import type { Container, EnvVar, PodSpec } from '@millrace/api'
import { setEnv, addEnv, addVolume, editContainer, envValue } from './container-edit.ts'
import type { StorageInitializerSettings } from './init-settings.ts'
import { parentDirectory } from './storage-uri.ts'
import type { StringMap } from './shape.ts'
import { containerNames, internalKeys } from '../keys.ts'

/** Where the CA bundle of the controller's namespace is found in every other namespace. */
export const globalCaBundle = 'global-ca-bundle'
/** The volume that a model is downloaded to. */
export const modelVolume = 'kserve-provision-location'
const caBundleVolume = 'cabundle-cert'
const caBundlePath = '/etc/ssl/custom-certs'

/** The container that downloads: pairs of URI and directory as arguments. */
export function initContainer(settings: StorageInitializerSettings, args: readonly string[]): Container {
  return {
    name: containerNames.storageInitializer,
    image: settings.image || 'kserve/storage-initializer:latest',
    args,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: {
      limits: { cpu: settings.cpuLimit, memory: settings.memoryLimit },
      requests: { cpu: settings.cpuRequest, memory: settings.memoryRequest },
    },
  }
}

/** Faster downloads from Hugging Face; a container that sets them itself keeps its own. */
export const huggingFaceEnv: readonly EnvVar[] = [
  { name: 'HF_HUB_ENABLE_HF_TRANSFER', value: '1' },
  { name: 'HF_XET_HIGH_PERFORMANCE', value: '1' },
  { name: 'HF_XET_NUM_CONCURRENT_RANGE_GETS', value: '8' },
]

export function withConfidential(container: Container, annotations: StringMap): Container {
  if (annotations[internalKeys.confidentialEnabled] !== 'true') return container
  const resource = annotations[internalKeys.confidentialResourceId]
  return setEnv(container, [
    { name: 'CONFIDENTIAL_ENABLED', value: 'true' },
    ...(resource ? [{ name: 'CONFIDENTIAL_RESOURCE_ID', value: resource }] : []),
  ])
}

export interface CaBundle {
  readonly configMap: string
  readonly path: string
}

/** The bundle that an init container needs: the cluster's, unless its credentials name one of their own. */
export function caBundleFor(
  container: Container,
  settings: StorageInitializerSettings,
  isControllerNamespace: boolean,
): CaBundle | undefined {
  const own = envValue(container, 'AWS_CA_BUNDLE_CONFIGMAP')
  if (!settings.caBundleConfigMapName && !own) return undefined
  const file = envValue(container, 'AWS_CA_BUNDLE')
  return {
    configMap: own || (isControllerNamespace ? (settings.caBundleConfigMapName ?? '') : globalCaBundle),
    path: file ? parentDirectory(file) : settings.caBundleVolumeMountPath || caBundlePath,
  }
}

export function mountCaBundle(spec: PodSpec, bundle: CaBundle): PodSpec {
  const edited = editContainer(spec, containerNames.storageInitializer, (container) => {
    const withEnv = addEnv(container, [
      { name: 'CA_BUNDLE_CONFIGMAP_NAME', value: bundle.configMap },
      { name: 'CA_BUNDLE_VOLUME_MOUNT_POINT', value: bundle.path },
    ])
    const mount = { name: caBundleVolume, mountPath: bundle.path, readOnly: true }
    return { ...withEnv, volumeMounts: [...(withEnv.volumeMounts ?? []), mount] }
  })
  return addVolume(edited, { name: caBundleVolume, configMap: { name: bundle.configMap } })
}
