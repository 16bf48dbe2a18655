import type { Keeper, KeptObject } from './kept-object.ts'
import type { KubeObject } from './wire.ts'

/** The values under which an object is to be found; an object may have none, or several. */
export type Indexer<T extends KubeObject = KubeObject> = (object: T) => readonly string[]

/** Objects by `namespace/name`, by namespace, and by what the indexers say. */
export interface IndexedObjects<T extends KubeObject> {
  readonly size: number
  get(key: string): T | undefined
  /** As `get`, without opening it. */
  kept(key: string): KeptObject<T> | undefined
  keys(namespace?: string): Iterable<string>
  /** `object` is what `kept` holds. Answers what was there before. */
  set(key: string, kept: KeptObject<T>, object: T): T | undefined
  delete(key: string): T | undefined
  list(namespace?: string): readonly T[]
  by(index: string, value: string): readonly T[]
}

/** Most values have one key: a set for each would be larger than what it points to. */
type Members = string | Set<string>

const namespaceIndex = '\0namespace'

export function createIndexedObjects<T extends KubeObject>(
  indexers: Readonly<Record<string, Indexer<T>>>,
  keeper: Keeper,
): IndexedObjects<T> {
  const objects = new Map<string, KeptObject<T>>()
  const byNamespace: Indexer<T> = (object) => [object.metadata.namespace ?? '']
  const indexes = new Map(
    Object.entries({ ...indexers, [namespaceIndex]: byNamespace }).map(([name, indexer]) => [
      name,
      { indexer, members: new Map<string, Members>() },
    ]),
  )

  const unlink = (key: string, object: T) => {
    for (const { indexer, members } of indexes.values()) {
      for (const value of indexer(object)) removeMember(members, value, key)
    }
  }
  const link = (key: string, object: T) => {
    for (const { indexer, members } of indexes.values()) {
      for (const value of indexer(object)) addMember(members, value, key)
    }
  }
  const release = (key: string): T | undefined => {
    const known = objects.get(key)
    if (!known) return undefined
    const previous = keeper.open(known)
    keeper.forget(known)
    unlink(key, previous)
    return previous
  }
  const keysBy = (index: string, value: string): Iterable<string> => {
    const found = indexes.get(index)
    if (!found) throw new TypeError(`there is no index named ${index}`)
    const members = found.members.get(value) ?? []
    return typeof members === 'string' ? [members] : members
  }
  const by = (index: string, value: string): readonly T[] => {
    const found: T[] = []
    for (const key of keysBy(index, value)) {
      const kept = objects.get(key)
      if (kept) found.push(keeper.open(kept))
    }
    return found
  }

  return {
    get size() {
      return objects.size
    },
    get: (key) => {
      const kept = objects.get(key)
      return kept && keeper.open(kept)
    },
    kept: (key) => objects.get(key),
    keys: (namespace) => (namespace === undefined ? objects.keys() : keysBy(namespaceIndex, namespace)),
    set: (key, kept, object) => {
      const previous = release(key)
      objects.set(key, kept)
      link(key, object)
      return previous
    },
    delete: (key) => {
      const previous = release(key)
      objects.delete(key)
      return previous
    },
    list: (namespace) =>
      namespace === undefined
        ? Array.from(objects.values(), (kept) => keeper.open(kept))
        : by(namespaceIndex, namespace),
    by,
  }
}

function addMember(members: Map<string, Members>, value: string, key: string): void {
  const known = members.get(value)
  if (known === undefined || known === key) members.set(value, key)
  else if (typeof known === 'string') members.set(value, new Set([known, key]))
  else known.add(key)
}

function removeMember(members: Map<string, Members>, value: string, key: string): void {
  const known = members.get(value)
  if (known === key) members.delete(value)
  if (known === undefined || typeof known === 'string') return
  known.delete(key)
  if (known.size === 0) members.delete(value)
}
