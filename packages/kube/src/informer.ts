import type { ObjectName } from './client.ts'
import type { KubeObject, Resource } from './wire.ts'

export type Change<T = KubeObject> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T }

/** A local copy of a collection that follows the server until it is stopped. Objects are shared: never change one. */
export interface Informer<T extends KubeObject = KubeObject> {
  readonly resource: Resource
  /** Resolves when the first full state is in and every handler has seen it. Never rejects; never resolves after stop. */
  readonly synced: Promise<void>
  readonly isSynced: boolean
  /** Why the copy is not following right now; undefined while it does. */
  readonly trouble: Error | undefined
  get(name: ObjectName): T | undefined
  list(namespace?: string): readonly T[]
  /** Objects for which the named indexer gave this value. */
  by(index: string, value: string): readonly T[]
  /** Called in order, synchronously. What is already here comes as `added` at once. The answer stops it. */
  onChange(handler: (change: Change<T>) => void): () => void
  /** Takes the server's answer to a write into the copy, unless the watch has already been there: read your writes. */
  remember(object: T): void
  stop(): Promise<void>
}
