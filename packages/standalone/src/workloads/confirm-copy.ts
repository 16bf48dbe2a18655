import { type Client, type Informer, isKubeError, type KubeObject, nameOfObject } from '@millrace/kube'

/**
 * Asks the server about an object of which our copy may be old, and brings the copy up to date; undefined: it is gone. A watch
 * that has gone deaf leaves in the copy what was deleted long ago: whatever is made for it, the garbage collector takes away,
 * and that would be the reason to make it again.
 */
export async function confirmCopy<T extends KubeObject>(
  client: Client,
  informer: Informer<T>,
  known: T,
): Promise<T | undefined> {
  const name = nameOfObject(known)
  try {
    informer.remember(await client.get<T>(informer.resource, name))
    return informer.get(name)
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error
    informer.forget(known)
    return undefined
  }
}
