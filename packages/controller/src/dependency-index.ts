import type { KubeObject } from '@millrace/kube'
import type { Read } from '@millrace/render'

/** Which of our objects have read what: when that changes, they are looked at again, and no others. */
export interface DependencyIndex {
  set(key: string, reads: readonly Read[]): void
  delete(key: string): void
  dependents(object: KubeObject): ReadonlySet<string>
}

export function createDependencyIndex(): DependencyIndex {
  const places = new Map<string, Set<string>>()
  const placesOf = new Map<string, ReadonlySet<string>>()
  const remove = (key: string) => {
    for (const place of placesOf.get(key) ?? []) {
      const keys = places.get(place)
      keys?.delete(key)
      if (keys?.size === 0) places.delete(place)
    }
    placesOf.delete(key)
  }
  return {
    set: (key, reads) => {
      remove(key)
      const wanted = new Set(reads.map(({ group, kind, namespace, name }) => placeOf(group, kind, namespace, name)))
      for (const place of wanted) {
        const keys = places.get(place)
        if (keys) keys.add(key)
        else places.set(place, new Set([key]))
      }
      placesOf.set(key, wanted)
    },
    delete: remove,
    dependents: (object) => {
      const { namespace, name } = object.metadata
      const group = object.apiVersion.includes('/') ? object.apiVersion.slice(0, object.apiVersion.indexOf('/')) : ''
      // One object, all of a namespace, or all there are.
      const read = [
        placeOf(group, object.kind, namespace, name),
        placeOf(group, object.kind, namespace, undefined),
        placeOf(group, object.kind, undefined, undefined),
      ]
      return new Set(read.flatMap((place) => [...(places.get(place) ?? [])]))
    },
  }
}

function placeOf(group: string, kind: string, namespace = '*', name = '*'): string {
  return `${group}|${kind}|${namespace}|${name}`
}
