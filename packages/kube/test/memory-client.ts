import { type Client, KubeError, type KubeObject, type Resource } from '../src/index.ts'
import { keyOf } from '../src/object-key.ts'

/** A collection that answers at once, for parts that only read and write. `before` runs ahead of each call and may throw. */
export function createMemoryClient(before: (call: string) => void | Promise<void> = () => {}) {
  const objects = new Map<string, KubeObject>()
  const calls: string[] = []
  let version = 0
  const keyFor = (resource: Resource, name: { namespace?: string; name: string }) => `${resource.plural} ${keyOf(name)}`
  const refuse = (code: string, httpStatus: number) => new KubeError({ code, httpStatus, message: `refused: ${code}` })
  const enter = async (verb: string, key: string) => {
    calls.push(`${verb} ${key}`)
    await before(`${verb} ${key}`)
  }
  const store = (key: string, object: KubeObject): KubeObject => {
    version += 1
    const metadata = { uid: `uid-${version}`, ...object.metadata, resourceVersion: String(version) }
    const stored = structuredClone({ ...object, metadata })
    objects.set(key, stored)
    return structuredClone(stored)
  }
  const nameOf = (object: KubeObject) => ({
    ...(object.metadata.namespace && { namespace: object.metadata.namespace }),
    name: object.metadata.name ?? '',
  })
  const client: Pick<Client, 'get' | 'create' | 'replace' | 'patch' | 'apply' | 'delete'> = {
    get: async <T extends KubeObject>(resource: Resource, name: { namespace?: string; name: string }) => {
      const key = keyFor(resource, name)
      await enter('get', key)
      const object = objects.get(key)
      if (!object) throw refuse('NotFound', 404)
      return structuredClone(object) as T
    },
    create: async <T extends KubeObject>(resource: Resource, object: T) => {
      const key = keyFor(resource, nameOf(object))
      await enter('create', key)
      if (objects.has(key)) throw refuse('AlreadyExists', 409)
      return store(key, object) as T
    },
    replace: async <T extends KubeObject>(resource: Resource, object: T) => {
      const key = keyFor(resource, nameOf(object))
      await enter('replace', key)
      const known = objects.get(key)
      if (!known) throw refuse('NotFound', 404)
      if (object.metadata.resourceVersion !== known.metadata.resourceVersion) throw refuse('Conflict', 409)
      return store(key, object) as T
    },
    patch: async <T extends KubeObject>(
      resource: Resource,
      name: { namespace?: string; name: string },
      _: unknown,
      body: unknown,
    ) => {
      const key = keyFor(resource, name)
      await enter('patch', key)
      const known = objects.get(key)
      if (!known) throw refuse('NotFound', 404)
      return store(key, { ...known, ...(body as object) }) as T
    },
    apply: async <T extends KubeObject>(resource: Resource, object: T, options: { fieldManager: string }) => {
      const key = keyFor(resource, nameOf(object))
      await enter('apply', key)
      const managedFields = [
        {
          manager: options.fieldManager,
          operation: 'Apply' as const,
          apiVersion: object.apiVersion,
          fieldsV1: {
            'f:data': Object.fromEntries(Object.keys(Object(object['data'])).map((field) => [`f:${field}`, {}])),
          },
        },
      ]
      const known = objects.get(key)
      const uid = known ? { uid: known.metadata.uid ?? '' } : {}
      return store(key, { ...object, metadata: { ...object.metadata, ...uid, managedFields } }) as T
    },
    delete: async (resource, name, options) => {
      const key = keyFor(resource, name)
      await enter('delete', key)
      const known = objects.get(key)
      if (!known) throw refuse('NotFound', 404)
      if (options?.preconditions?.uid !== undefined && options.preconditions.uid !== known.metadata.uid)
        throw refuse('Conflict', 409)
      objects.delete(key)
    },
  }
  // Only what the tested parts call is there; anything else fails loudly.
  return { client: client as Client, objects, calls }
}
