import { convertObject } from '@millrace/api'
import type { Convert, KubeObject } from '@millrace/kube'

/** Where conversion reviews are answered. */
export const convertPath = '/convert'

/** An object of ours in another version. What it throws is told to whoever asked for the object. */
export const convert: Convert = (object, apiVersion) => {
  const converted = convertObject(object, apiVersion)
  if (!converted.ok) throw new Error(converted.message)
  // Metadata is as it came: from the API server, which checks that it is the same.
  return converted.object as KubeObject
}
