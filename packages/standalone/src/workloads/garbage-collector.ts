import {
  type Client,
  isKubeError,
  type KubeObject,
  type ObjectName,
  type OwnerReference,
  type Resource,
} from '@millrace/kube'
import type { GarbageGraph, GraphNode } from './garbage-graph.ts'
import { foregroundFinalizer, type OwnerState, planGarbage } from './garbage-plan.ts'

export interface GarbageWorld {
  readonly client: Client
  readonly graph: GarbageGraph
  /** The served resource of an owner reference; undefined for a kind that is not served (now). */
  readonly findKind: (apiVersion: string, kind: string) => Resource | undefined
}

/** An owner that the graph does not know may go without a word: whom it owns is looked at again after this. */
const unseenOwnerMs = 30_000

/** Looks at one object by uid and does what its owners and dependents ask for. Resolves to when to look again. */
export async function collectGarbage(
  world: GarbageWorld,
  uid: string,
): Promise<{ readonly requeueAfterMs?: number } | void> {
  const node = world.graph.get(uid)
  if (!node) return
  const { metadata } = node.object
  const owners = []
  let isUnseen = false
  for (const reference of metadata.ownerReferences ?? []) {
    const state = await stateOf(world, node, reference)
    owners.push({ reference, state: state === 'unseen' ? 'there' : state } as const)
    isUnseen ||= state === 'unseen'
  }
  const dependents = world.graph.dependentsOf(uid)
  const action = planGarbage({
    object: node.object,
    owners,
    dependents: dependents.map((dependent) => dependent.object),
  })
  switch (action.do) {
    case 'nothing':
      return isUnseen ? { requeueAfterMs: unseenOwnerMs } : undefined
    case 'delete':
      return tolerateAbsence(() =>
        world.client.delete(node.resource, placeOf(node), { propagationPolicy: action.policy, preconditions: { uid } }),
      )
    case 'drop-references':
      return tolerateAbsence(() =>
        writeMetadata(world, node, {
          ownerReferences: metadata.ownerReferences?.filter((reference) => !action.uids.includes(reference.uid)) ?? [],
        }),
      )
    case 'remove-finalizer':
      return tolerateAbsence(() =>
        writeMetadata(world, node, {
          finalizers: metadata.finalizers?.filter((finalizer) => finalizer !== action.finalizer) ?? [],
        }),
      )
    case 'orphan-dependents':
      for (const dependent of dependents) {
        const ownerReferences =
          dependent.object.metadata.ownerReferences?.filter((reference) => reference.uid !== uid) ?? []
        await tolerateAbsence(() => writeMetadata(world, dependent, { ownerReferences }))
      }
      return
    default:
      action satisfies never
  }
}

/**
 * Whether the owner that a reference names exists. The graph may lag behind, or not watch the kind: what it does not
 * know is asked for, since deleting an object whose owner is there would be worse than one more call. `unseen`: it exists, and
 * the graph has yet to hear of it. Until it has, nobody would tell that it is gone.
 */
async function stateOf(
  world: GarbageWorld,
  node: GraphNode,
  reference: OwnerReference,
): Promise<OwnerState | 'unseen'> {
  const known = world.graph.get(reference.uid)
  const owner = known?.object ?? (await readOwner(world, node, reference))
  if (owner === 'unknown-kind') return 'there'
  if (!owner || owner.metadata.uid !== reference.uid) return 'absent'
  const isWaiting =
    owner.metadata.deletionTimestamp !== undefined && (owner.metadata.finalizers ?? []).includes(foregroundFinalizer)
  if (isWaiting) return 'waiting-for-dependents'
  return known ? 'there' : 'unseen'
}

async function readOwner(
  world: GarbageWorld,
  node: GraphNode,
  reference: OwnerReference,
): Promise<KubeObject | 'unknown-kind' | undefined> {
  const resource = world.findKind(reference.apiVersion, reference.kind)
  if (!resource) return 'unknown-kind'
  const namespace = node.object.metadata.namespace
  if (resource.namespaced && namespace === undefined) return 'unknown-kind'
  try {
    const place =
      resource.namespaced && namespace !== undefined ? { namespace, name: reference.name } : { name: reference.name }
    return await world.client.get(resource, place, { metadataOnly: true })
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined
    throw error
  }
}

async function writeMetadata(
  world: GarbageWorld,
  node: GraphNode,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { uid, resourceVersion } = node.object.metadata
  await world.client.patch(node.resource, placeOf(node), 'merge', { metadata: { uid, resourceVersion, ...change } })
}

async function tolerateAbsence(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error
  }
}

function placeOf({ resource, object }: GraphNode): ObjectName {
  const { namespace, name = '' } = object.metadata
  return resource.namespaced && namespace !== undefined ? { namespace, name } : { name }
}
