import type { KubeObject } from '@millrace/kube'
import type { Gvk } from './catalog.ts'

/**
 * The object with everything that kube-apiserver fills in for its kind. Takes and gives decoded objects. Values that
 * need the cluster (clusterIP, uid, node ports) stay the engine's.
 */
export function defaultBuiltin(gvk: Gvk, object: KubeObject): KubeObject {
  throw new Error(`to be written ${String(gvk)} ${String(object)}`)
}
