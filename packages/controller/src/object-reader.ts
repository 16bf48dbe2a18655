import { type Client, isKubeError, keyOf, type KubeObject, type ObjectName, type Resource } from '@millrace/kube'
import type { Collection } from './collection.ts'

/** Reads whole objects of a kind of which only metadata is followed; each version of each object once. */
export interface ObjectReader<T> {
  get(name: ObjectName, signal: AbortSignal): Promise<T | undefined>
  /** The server's answer to a write of ours. */
  remember(object: KubeObject): void
}

const keptMax = 2_000

export function createObjectReader<T>(
  client: Client,
  resource: Resource,
  metadata: () => Collection | undefined,
  /** What is kept of it. */
  project: (object: KubeObject) => T,
): ObjectReader<T> {
  const kept = new Map<string, { readonly version: string; readonly value: T }>()
  const keep = (key: string, object: KubeObject): T => {
    const value = project(object)
    kept.delete(key)
    kept.set(key, { version: versionOf(object), value })
    const oldest = kept.size > keptMax ? kept.keys().next().value : undefined
    if (oldest !== undefined) kept.delete(oldest)
    return value
  }
  return {
    get: async (name, signal) => {
      const known = metadata()?.get(name)
      const key = keyOf(name)
      if (!known) {
        kept.delete(key)
        return undefined
      }
      const found = kept.get(key)
      if (found && found.version === versionOf(known)) return found.value
      try {
        return keep(key, await client.get(resource, name, { signal }))
      } catch (error) {
        if (isKubeError(error, 'NotFound')) return undefined
        throw error
      }
    },
    remember: (object) => {
      const { name = '', namespace } = object.metadata
      keep(keyOf(namespace === undefined ? { name } : { namespace, name }), object)
      metadata()?.remember({ apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata })
    },
  }
}

function versionOf(object: KubeObject): string {
  return `${object.metadata.uid}/${object.metadata.resourceVersion}`
}
