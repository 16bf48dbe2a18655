import { type Client, isKubeError, type KubeObject, type ObjectName, type Resource } from '@millrace/kube'
import type { ClusterWatch } from './cluster-watch.ts'
import type { ObjectReader } from './object-reader.ts'
import { kindId, ownerIndex } from './watched-kinds.ts'

/** Reads and remembers the objects that we make. */
export interface Children {
  ownedBy(owner: KubeObject, signal: AbortSignal): Promise<readonly KubeObject[]>
  live(
    resource: Resource,
    name: { namespace?: string; name: string },
    signal: AbortSignal,
  ): Promise<KubeObject | undefined>
  remember(resource: Resource, object: KubeObject): void
  /** The resource of a rendered object; undefined when the cluster doesn't serve it or may not show it to us. */
  resourceOf(object: KubeObject): Resource | undefined
}

export function createChildren(watch: ClusterWatch, configMaps: ObjectReader<KubeObject>, client: Client): Children {
  const isConfigMap = (resource: Resource) => resource.group === '' && resource.kind === 'ConfigMap'
  return {
    ownedBy: async (owner, signal) => {
      const owned: KubeObject[] = []
      for (const [kind, collection] of watch.collections()) {
        // As long as it counts as missing nothing of it is rendered: what is known of it already is none to prune.
        if (kind.role !== 'child' || (kind.isOptional && !collection.isSynced)) continue
        for (const object of collection.by(ownerIndex, owner.metadata.uid ?? '')) {
          const whole = isConfigMap(kind.resource) ? await configMaps.get(nameOf(object), signal) : object
          if (whole) owned.push(whole)
        }
      }
      return owned
    },
    live: async (resource, name, signal) => {
      if (isConfigMap(resource)) return configMaps.get(name, signal)
      const collection = watch.collection(kindId(resource.group, resource.kind))
      if (collection && !collection.isForbidden) return collection.get(name)
      return readOrNothing(client, resource, name, signal)
    },
    remember: (resource, object) => {
      if (isConfigMap(resource)) configMaps.remember(object)
      else watch.collection(kindId(resource.group, resource.kind))?.remember(object)
    },
    resourceOf: (object) => {
      const group = object.apiVersion.includes('/') ? object.apiVersion.slice(0, object.apiVersion.indexOf('/')) : ''
      return watch.collection(kindId(group, object.kind))?.resource
    },
  }
}

async function readOrNothing(
  client: Client,
  resource: Resource,
  name: ObjectName,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    return await client.get(resource, name, { signal })
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined
    throw error
  }
}

function nameOf(object: KubeObject): { namespace?: string; name: string } {
  const { namespace, name = '' } = object.metadata
  return namespace === undefined ? { name } : { namespace, name }
}
