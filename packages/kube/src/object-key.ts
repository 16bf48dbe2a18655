import type { ObjectName } from './client.ts'
import type { KubeObject } from './wire.ts'

/** `namespace/name`, or `name` for what lives in no namespace: neither part can hold a slash. */
export function keyOf(name: ObjectName): string {
  return name.namespace ? `${name.namespace}/${name.name}` : name.name
}

export function keyOfObject(object: KubeObject): string {
  return keyOf(nameOfObject(object))
}

export function nameOfKey(key: string): ObjectName {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

export function nameOfObject(object: KubeObject): ObjectName {
  const { namespace, name } = object.metadata
  return namespace ? { namespace, name: name ?? '' } : { name: name ?? '' }
}
