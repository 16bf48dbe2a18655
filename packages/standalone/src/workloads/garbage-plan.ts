import type { KubeObject, OwnerReference } from '@millrace/kube'

/** What is known of the object that an owner reference names. */
export type OwnerState = 'there' | 'absent' | 'waiting-for-dependents'

export type GarbageAction =
  | { readonly do: 'nothing' }
  | { readonly do: 'delete'; readonly policy: 'Background' | 'Foreground' }
  /** Some owners are gone and others are not: only the references to the gone ones go. */
  | { readonly do: 'drop-references'; readonly uids: readonly string[] }
  | { readonly do: 'remove-finalizer'; readonly finalizer: string }
  /** Deleted with `Orphan`: the dependents lose their reference first. */
  | { readonly do: 'orphan-dependents' }

export interface GarbageInput {
  readonly object: KubeObject
  readonly owners: readonly { readonly reference: OwnerReference; readonly state: OwnerState }[]
  /** Objects that name this one as owner. */
  readonly dependents: readonly KubeObject[]
}

export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

/** What Kubernetes' garbage collector does with one object. */
export function planGarbage({ object, owners, dependents }: GarbageInput): GarbageAction {
  const { deletionTimestamp, finalizers = [], uid = '' } = object.metadata
  if (deletionTimestamp !== undefined) {
    if (finalizers.includes(orphanFinalizer)) {
      return dependents.length > 0
        ? { do: 'orphan-dependents' }
        : { do: 'remove-finalizer', finalizer: orphanFinalizer }
    }
    if (!finalizers.includes(foregroundFinalizer)) return { do: 'nothing' }
    const isBlocked = dependents.some((dependent) => blocks(dependent, uid))
    return isBlocked ? { do: 'nothing' } : { do: 'remove-finalizer', finalizer: foregroundFinalizer }
  }
  if (owners.length === 0) return { do: 'nothing' }
  const gone = owners.filter((owner) => owner.state !== 'there')
  if (gone.length === 0) return { do: 'nothing' }
  if (gone.length < owners.length) return { do: 'drop-references', uids: gone.map((owner) => owner.reference.uid) }
  const isAwaited = owners.some((owner) => owner.state === 'waiting-for-dependents')
  return { do: 'delete', policy: isAwaited && dependents.length > 0 ? 'Foreground' : 'Background' }
}

/** Holds up the owner's foreground deletion. */
function blocks(dependent: KubeObject, ownerUid: string): boolean {
  return (
    dependent.metadata.ownerReferences?.some(
      (reference) => reference.uid === ownerUid && reference.blockOwnerDeletion === true,
    ) ?? false
  )
}
