/**
 * Decision trees as flat arrays, the two children of a node side by side: the left one is `child`, the right one behind
 * it. A row goes right where its value is above the threshold, or missing (NaN) and `missingRight` is 1. A leaf is its
 * own left child with a threshold of NaN, so a walk of a fixed number of steps ends in it.
 */
export interface Forest {
  readonly feature: Int32Array
  readonly threshold: Float64Array
  readonly child: Int32Array
  readonly missingRight: Uint8Array
  /** 1 where the model's own rule decides (categories, zeros that count as missing). */
  readonly special: Uint8Array
  /** What a leaf answers; in a special node what its rule needs. */
  readonly value: Float64Array
  readonly roots: Int32Array
  /** For each tree the steps from its root to its deepest leaf; -1 where steps are to be decided one by one. */
  readonly depths: Int32Array
}

export interface Split {
  readonly feature: number
  readonly threshold: number
  readonly isMissingRight: boolean
  /** What the model's own rule needs; undefined for a plain threshold. */
  readonly special?: number
  readonly left: number
  readonly right: number
}

export type TreeNode = Split | { readonly leaf: number }

export interface ForestBuilder {
  /** Adds the tree that `read` tells node by node, from `root`; `refuse` is called for a node that is reached twice. */
  readonly addTree: (root: number, read: (node: number) => TreeNode, refuse: (node: number) => Error) => void
  readonly build: () => Forest
}

/** Decides for a special node: does the row go right? */
export type Decide = (value: number, x: number) => boolean

export function createForestBuilder(): ForestBuilder {
  const feature: number[] = []
  const threshold: number[] = []
  const child: number[] = []
  const missingRight: number[] = []
  const special: number[] = []
  const value: number[] = []
  const roots: number[] = []
  const depths: number[] = []
  const reserve = (): number => {
    feature.push(0)
    threshold.push(Number.NaN)
    child.push(feature.length - 1)
    missingRight.push(0)
    special.push(0)
    value.push(0)
    return feature.length - 1
  }
  return {
    addTree(root, read, refuse) {
      const seen = new Set<number>()
      const start = reserve()
      let depth = 0
      let leaves = 0
      let isPlain = true
      let level = [{ node: root, at: start }]
      while (level.length > 0) {
        const next: { node: number; at: number }[] = []
        for (const { node, at } of level) {
          if (seen.has(node)) throw refuse(node)
          seen.add(node)
          const one = read(node)
          if ('leaf' in one) {
            value[at] = one.leaf
            leaves++
            continue
          }
          feature[at] = one.feature
          threshold[at] = one.threshold
          missingRight[at] = one.isMissingRight ? 1 : 0
          if (one.special !== undefined) {
            special[at] = 1
            value[at] = one.special
            isPlain = false
          }
          const left = reserve()
          child[at] = left
          next.push({ node: one.left, at: left }, { node: one.right, at: reserve() })
        }
        if (next.length > 0) depth++
        level = next
      }
      roots.push(start)
      // A fixed number of steps pays as long as most leaves are near the deepest.
      depths.push(isPlain && depth <= 2 * Math.ceil(Math.log2(leaves + 1)) + 2 ? depth : -1)
    },
    build: () => ({
      feature: Int32Array.from(feature),
      threshold: Float64Array.from(threshold),
      child: Int32Array.from(child),
      missingRight: Uint8Array.from(missingRight),
      special: Uint8Array.from(special),
      value: Float64Array.from(value),
      roots: Int32Array.from(roots),
      depths: Int32Array.from(depths),
    }),
  }
}
