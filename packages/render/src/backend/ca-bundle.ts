import type { KubeObject } from '@millrace/kube'
import { globalCaBundle } from '../pod/init-container.ts'
import type { Settings } from '../settings.ts'
import type { World } from '../world.ts'

const bundleFile = 'cabundle.crt'

/**
 * A copy of the cluster's CA bundle in the service's namespace, where its pods can mount it. All services of the namespace
 * share it, so it has no owner. Without the original, there is none: pods that need it then say so.
 */
export function caBundleConfigMap(input: {
  readonly namespace: string
  readonly settings: Settings
  readonly world: World
  readonly controllerNamespace: string
}): KubeObject | undefined {
  const name = input.settings.storageInitializer.caBundleConfigMapName
  const { namespace } = input
  if (!name || namespace === input.controllerNamespace) return undefined
  const data: unknown = input.world.find('ConfigMap', name, input.controllerNamespace)?.['data']
  const bundle: unknown = Object(data)[bundleFile]
  if (typeof bundle !== 'string' || bundle === '') return undefined
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: globalCaBundle, namespace },
    data: { [bundleFile]: bundle },
  }
}
