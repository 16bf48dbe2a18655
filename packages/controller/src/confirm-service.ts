import { type Client, isKubeError, type KubeObject, nameOfObject } from '@millrace/kube'
import type { Collection } from './collection.ts'

/**
 * Asks the server about a service of which our copy may be old, and brings the copy up to date; undefined: it is gone.
 *
 * A watch that has gone deaf leaves a service in the copy that was deleted long ago. What is made for it the garbage collector
 * takes away at once, and that deletion would be the reason to make it again, as fast as the server answers.
 */
export async function confirmService(
  client: Client,
  collection: Collection,
  service: KubeObject,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const name = nameOfObject(service)
  try {
    collection.remember(await client.get(collection.resource, name, { signal }))
    return collection.get(name)
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error
    collection.forget(service)
    return undefined
  }
}
