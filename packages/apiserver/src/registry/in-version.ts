import type { KubeObject } from '@millrace/kube'
import type { ServedResource } from './served-resource.ts'

/** The object of one version of a resource in another version of it. */
export async function inVersion(
  object: KubeObject,
  from: ServedResource,
  to: ServedResource,
  signal: AbortSignal,
): Promise<KubeObject> {
  if (from === to) return object
  const stored = await from.behaviour.toStorage(object, signal)
  // Revision 0 is older than every schema, so the other version completes it.
  const entry = { bucket: from.bucket, key: '', revision: 0, value: JSON.stringify(stored) }
  const [converted] = await to.behaviour.fromStorage([entry], signal)
  if (!converted) throw new Error('a conversion answers as many objects as it is asked for')
  return converted
}
