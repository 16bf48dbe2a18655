import type { KubeObject } from '@millrace/kube'
import type { Read } from '@millrace/render'

/** Which of our objects have read what: when that changes, they are looked at again, and no others. */
export interface DependencyIndex {
  /** These are about to be read: a change that comes meanwhile concerns who reads. */
  add(key: string, reads: readonly Read[]): void
  /** These were read, and nothing else. */
  set(key: string, reads: readonly Read[]): void
  delete(key: string): void
  dependents(object: KubeObject): ReadonlySet<string>
}

/** One object, all of a namespace, or all there are; and who has read it. Thousands of services share most of them. */
interface Place {
  readonly name: string
  readonly keys: Set<string>
}

export function createDependencyIndex(): DependencyIndex {
  const places = new Map<string, Place>()
  const placesOf = new Map<string, readonly Place[]>()
  const remove = (key: string) => {
    for (const place of placesOf.get(key) ?? []) {
      place.keys.delete(key)
      if (place.keys.size === 0) places.delete(place.name)
    }
    placesOf.delete(key)
  }
  const placeFor = (name: string): Place => {
    const known = places.get(name)
    if (known) return known
    const place = { name, keys: new Set<string>() }
    places.set(name, place)
    return place
  }
  return {
    add: (key, reads) => {
      const known = placesOf.get(key) ?? []
      const names = namesOf(reads)
      for (const { name } of known) names.delete(name)
      if (names.size === 0) return
      const more = Array.from(names, placeFor)
      for (const { keys } of more) keys.add(key)
      placesOf.set(key, [...known, ...more])
    },
    set: (key, reads) => {
      const names = namesOf(reads)
      const before = placesOf.get(key)
      if (before?.length === names.size && before.every(({ name }) => names.has(name))) return
      remove(key)
      const wanted = Array.from(names, placeFor)
      for (const { keys } of wanted) keys.add(key)
      placesOf.set(key, wanted)
    },
    delete: remove,
    dependents: (object) => {
      const { namespace, name } = object.metadata
      const group = object.apiVersion.includes('/') ? object.apiVersion.slice(0, object.apiVersion.indexOf('/')) : ''
      const read = [
        placeName(group, object.kind, namespace, name),
        placeName(group, object.kind, namespace, undefined),
        placeName(group, object.kind, undefined, undefined),
      ]
      return new Set(read.flatMap((place) => [...(places.get(place)?.keys ?? [])]))
    },
  }
}

function namesOf(reads: readonly Read[]): Set<string> {
  return new Set(reads.map(({ group, kind, namespace, name }) => placeName(group, kind, namespace, name)))
}

function placeName(group: string, kind: string, namespace = '*', name = '*'): string {
  return `${group}|${kind}|${namespace}|${name}`
}
