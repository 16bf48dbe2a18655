import { type Change, type InformerSet, keyOfObject, type KubeObject, type Resource } from '@millrace/kube'

/** One version of one object, as it came to be. */
export interface Happening {
  readonly type: Change['type']
  readonly resource: Resource
  /** `plural.group namespace/name`. */
  readonly key: string
  readonly object: KubeObject
  readonly previous: KubeObject | undefined
  /** The server's revision: everything that happened has its place by it. */
  readonly revision: number
}

/** Everything that was ever stored, as a watcher with a perfect connection sees it. */
export interface History {
  follow(resource: Resource): void
  /** The kind is no longer served. */
  forget(resource: Resource): Promise<void>
  /** What happened since the last time, in its order. */
  take(): readonly Happening[]
}

export function createHistory(informers: InformerSet): History {
  let waiting: Happening[] = []
  let latest = 0
  const following = new Map<string, ReturnType<InformerSet['informer']>>()
  const idOf = ({ plural, group }: Resource): string => `${plural}.${group}`
  return {
    follow: (resource) => {
      // Nothing is taken off: what a validator looks at is what was stored.
      const informer = informers.informer(resource, { transform: (object) => object })
      following.set(idOf(resource), informer)
      informer.onChange((change) => {
        latest = Math.max(latest, Number(change.object.metadata.resourceVersion))
        waiting.push({
          type: change.type,
          resource,
          key: `${idOf(resource)} ${keyOfObject(change.object)}`,
          object: change.object,
          previous: change.type === 'updated' ? change.previous : undefined,
          revision: Number(change.object.metadata.resourceVersion),
        })
      })
    },
    forget: async (resource) => {
      const informer = following.get(idOf(resource))
      following.delete(idOf(resource))
      if (!informer) return
      for (const object of informer.list())
        waiting.push({
          type: 'deleted',
          resource,
          key: `${idOf(resource)} ${keyOfObject(object)}`,
          object,
          previous: undefined,
          // After all that is known, and before what comes of it.
          revision: latest,
        })
      await informers.stop(informer)
    },
    take: () => {
      const taken = waiting.toSorted((a, b) => a.revision - b.revision)
      waiting = []
      return taken
    },
  }
}
