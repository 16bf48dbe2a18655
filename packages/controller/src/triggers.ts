import { type Change, keyOf, keyOfObject, type KubeObject } from '@millrace/kube'
import type { DependencyIndex } from './dependency-index.ts'
import type { OwnWrites } from './own-writes.ts'
import { podLabelOf, primaryResources, type WatchedKind } from './watched-kinds.ts'

/** One of our objects: kind and `namespace/name`. */
export interface ServiceKey {
  readonly kind: string
  readonly key: string
}

/** As one text, for maps. */
export function serviceKeyText({ kind, key }: ServiceKey): string {
  return `${kind} ${key}`
}

export function parseServiceKey(text: string): ServiceKey {
  const space = text.indexOf(' ')
  return { kind: text.slice(0, space), key: text.slice(space + 1) }
}

/** Which of our objects a change concerns. */
export function concernedBy(
  kind: WatchedKind,
  change: Change,
  known: { readonly dependencies: DependencyIndex; readonly ownWrites: OwnWrites },
): readonly ServiceKey[] {
  const { object } = change
  const dependents = [...known.dependencies.dependents(object)].map(parseServiceKey)
  // What we wrote we have looked at already. A deletion carries the version of its last write.
  const isOurs = change.type !== 'deleted' && known.ownWrites.has(object)
  if (isOurs) return kind.role === 'primary' ? dependents : []
  switch (kind.role) {
    case 'primary':
      return [{ kind: object.kind, key: keyOfObject(object) }, ...dependents]
    case 'child':
      return [...ownersOf(object), ...(change.type === 'updated' ? ownersOf(change.previous) : []), ...dependents]
    case 'pod':
      return podOwner(kind, object)
    case 'read':
      return dependents
  }
}

function ownersOf(object: KubeObject): readonly ServiceKey[] {
  const { namespace, ownerReferences = [] } = object.metadata
  return ownerReferences.flatMap(({ apiVersion, kind, name }) => {
    const isOurs = primaryResources.some(
      (primary) => primary.kind === kind && apiVersion.startsWith(`${primary.group}/`),
    )
    return isOurs && namespace !== undefined ? [{ kind, key: keyOf({ namespace, name }) }] : []
  })
}

function podOwner(watched: WatchedKind, pod: KubeObject): readonly ServiceKey[] {
  const { namespace, labels = {} } = pod.metadata
  const { label, kind } = podLabelOf(watched)
  const name = labels[label]
  return name === undefined || namespace === undefined ? [] : [{ kind, key: keyOf({ namespace, name }) }]
}
