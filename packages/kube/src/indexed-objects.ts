import type { KubeObject } from './wire.ts'
import { keyOfObject } from './object-key.ts'

/** The values under which an object is to be found; an object may have none, or several. */
export type Indexer<T extends KubeObject = KubeObject> = (object: T) => readonly string[]

/** Objects by `namespace/name`, by namespace, and by what the indexers say. */
export interface IndexedObjects<T extends KubeObject> {
  readonly size: number
  get(key: string): T | undefined
  keys(): Iterable<string>
  /** Answers what was there before. */
  set(object: T): T | undefined
  delete(key: string): T | undefined
  list(namespace?: string): readonly T[]
  by(index: string, value: string): readonly T[]
}

const namespaceIndex = '\0namespace'

export function createIndexedObjects<T extends KubeObject>(
  indexers: Readonly<Record<string, Indexer<T>>>,
): IndexedObjects<T> {
  const objects = new Map<string, T>()
  const byNamespace: Indexer<T> = (object) => [object.metadata.namespace ?? '']
  const indexes = new Map(
    Object.entries({ ...indexers, [namespaceIndex]: byNamespace }).map(([name, indexer]) => [
      name,
      { indexer, keys: new Map<string, Set<string>>() },
    ]),
  )

  const unlink = (key: string, object: T) => {
    for (const { indexer, keys } of indexes.values()) {
      for (const value of indexer(object)) {
        const members = keys.get(value)
        members?.delete(key)
        if (members?.size === 0) keys.delete(value)
      }
    }
  }
  const link = (key: string, object: T) => {
    for (const { indexer, keys } of indexes.values()) {
      for (const value of indexer(object)) {
        const members = keys.get(value)
        if (members) members.add(key)
        else keys.set(value, new Set([key]))
      }
    }
  }
  const by = (index: string, value: string): readonly T[] => {
    const found = indexes.get(index)
    if (!found) throw new TypeError(`there is no index named ${index}`)
    const members: T[] = []
    for (const key of found.keys.get(value) ?? []) {
      const object = objects.get(key)
      if (object) members.push(object)
    }
    return members
  }

  return {
    get size() {
      return objects.size
    },
    get: (key) => objects.get(key),
    keys: () => objects.keys(),
    set: (object) => {
      const key = keyOfObject(object)
      const previous = objects.get(key)
      if (previous) unlink(key, previous)
      objects.set(key, object)
      link(key, object)
      return previous
    },
    delete: (key) => {
      const previous = objects.get(key)
      if (previous) unlink(key, previous)
      objects.delete(key)
      return previous
    },
    list: (namespace) => (namespace === undefined ? [...objects.values()] : by(namespaceIndex, namespace)),
    by,
  }
}
