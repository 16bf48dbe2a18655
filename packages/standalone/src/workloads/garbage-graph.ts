import type { KubeObject, Resource } from '@millrace/kube'

/** An object as the collector knows it: metadata only. */
export interface GraphNode {
  readonly resource: Resource
  readonly object: KubeObject
}

/** Who owns whom among the watched objects, by uid. */
export interface GarbageGraph {
  get(uid: string): GraphNode | undefined
  dependentsOf(uid: string): readonly GraphNode[]
  /** Takes a change in; answers with the uids that have to be looked at again. */
  put(node: GraphNode): readonly string[]
  remove(uid: string): readonly string[]
}

export function createGarbageGraph(): GarbageGraph {
  const nodes = new Map<string, GraphNode>()
  const dependents = new Map<string, Set<string>>()

  const link = (node: GraphNode): void => {
    for (const { uid } of node.object.metadata.ownerReferences ?? []) {
      const known = dependents.get(uid) ?? new Set()
      known.add(node.object.metadata.uid ?? '')
      dependents.set(uid, known)
    }
  }
  const unlink = (node: GraphNode): void => {
    for (const { uid } of node.object.metadata.ownerReferences ?? []) {
      const known = dependents.get(uid)
      known?.delete(node.object.metadata.uid ?? '')
      if (known?.size === 0) dependents.delete(uid)
    }
  }
  const ownersOf = (node: GraphNode | undefined): readonly string[] =>
    node?.object.metadata.ownerReferences?.map((reference) => reference.uid) ?? []

  return {
    get: (uid) => nodes.get(uid),
    dependentsOf: (uid) => [...(dependents.get(uid) ?? [])].flatMap((dependent) => nodes.get(dependent) ?? []),
    put(node) {
      const uid = node.object.metadata.uid ?? ''
      const before = nodes.get(uid)
      if (before) unlink(before)
      nodes.set(uid, node)
      link(node)
      const isDeleting = node.object.metadata.deletionTimestamp !== undefined
      return [uid, ...ownersOf(before), ...(isDeleting ? (dependents.get(uid) ?? []) : [])]
    },
    remove(uid) {
      const before = nodes.get(uid)
      if (before) unlink(before)
      nodes.delete(uid)
      return [...(dependents.get(uid) ?? []), ...ownersOf(before)]
    },
  }
}
