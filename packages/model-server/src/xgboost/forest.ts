import { ModelUnreadable } from '../runtime.ts'
import { field, items, numbers, type Part, scalar } from './document.ts'

/**
 * All trees as flat arrays, each tree's nodes in preorder, so the left child of node i is i + 1.
 * `feature[i]` is -1 in a leaf, else the feature's index with `defaultLeft` and `categorical` in its upper bits.
 * `value[i]` is the threshold, the leaf's value, or (categorical) an index into `categories`; for vector leaves, an index
 * into `vectors`. A row goes left when its feature is below the threshold, or not among the categories.
 */
export interface Forest {
  readonly feature: Int32Array
  readonly value: Float32Array
  readonly right: Int32Array
  /** First node of each tree. */
  readonly roots: Int32Array
  /** The output that each tree adds to. */
  readonly groups: Int32Array
  /** What each tree's leaf is multiplied with (dart); absent: 1. */
  readonly weights: Float32Array | undefined
  /** Category sets, one bit for each category. */
  readonly categories: readonly Uint32Array[]
  /** Leaf values of trees that answer all outputs at once, `vectorSize` each. */
  readonly vectors: Float32Array
  readonly vectorSize: number
}

export const defaultLeft = 1 << 30
export const categorical = 1 << 29
export const featureMask = categorical - 1

/** Categories are stored as bits; XGBoost itself takes none above this (OutOfRangeCat in its common/categorical.h). */
export const categoryMax = 16_777_216

interface Growing {
  readonly feature: number[]
  readonly value: number[]
  readonly right: number[]
  readonly categories: Uint32Array[]
  readonly vectors: number[]
}

/** Reads `trees` of a gbtree or dart model. Throws `ModelUnreadable` for anything that would send a row out of a tree or round in it. */
export function readForest(model: Part, weights: Part | undefined, featureCount: number, outputs: number): Forest {
  const trees = items(field(model, 'trees'))
  const groups = Int32Array.from(numbers(field(model, 'tree_info'), trees.length))
  const vectorSize =
    trees.length === 0 ? 1 : Math.max(1, scalar(field(field(trees[0] ?? model, 'tree_param'), 'size_leaf_vector'), 1))
  if (vectorSize !== 1 && vectorSize !== outputs) {
    throw new ModelUnreadable(`the leaves hold ${vectorSize} values, but the model has ${outputs} outputs`)
  }
  const stray = groups.findIndex((group) => group < 0 || group >= outputs)
  if (stray !== -1) {
    throw new ModelUnreadable(`tree ${stray} belongs to output ${groups[stray]}, but the model has ${outputs} outputs`)
  }
  const growing: Growing = { feature: [], value: [], right: [], categories: [], vectors: [] }
  const roots = trees.map((tree) => {
    const root = growing.feature.length
    addTree(growing, tree, featureCount, vectorSize)
    return root
  })
  return {
    feature: Int32Array.from(growing.feature),
    value: Float32Array.from(growing.value),
    right: Int32Array.from(growing.right),
    roots: Int32Array.from(roots),
    groups,
    weights: weights === undefined ? undefined : Float32Array.from(numbers(weights, trees.length)),
    categories: growing.categories,
    vectors: Float32Array.from(growing.vectors),
    vectorSize,
  }
}

/** Walks one tree from its root, left before right. A node reached twice means a cycle or a shared branch: refused. */
function addTree(growing: Growing, tree: Part, featureCount: number, vectorSize: number): void {
  const left = numbers(field(tree, 'left_children'))
  const size = left.length
  const right = numbers(field(tree, 'right_children'), size)
  const features = numbers(field(tree, 'split_indices'), size)
  const conditions = numbers(field(tree, 'split_conditions'), size)
  const toLeft = numbers(field(tree, 'default_left'), size)
  const categories = readCategories(tree, size)
  const leaves = vectorSize === 1 ? undefined : readLeafVectors(tree, size, vectorSize)
  if (size === 0) throw new ModelUnreadable(`"${tree.path}" has no nodes`)

  const seen = new Uint8Array(size)
  const pending: { node: number; parent: number }[] = [{ node: 0, parent: -1 }]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, parent } = next
    if (!(Number.isInteger(node) && node >= 0 && node < size)) throw new ModelUnreadable(`"${tree.path}" points to node ${node}, but has ${size}`)
    if (seen[node] === 1) throw new ModelUnreadable(`"${tree.path}" reaches node ${node} twice`)
    seen[node] = 1
    const at = growing.feature.length
    if (parent !== -1) growing.right[parent] = at
    const leftChild = left[node] ?? -1
    const rightChild = right[node] ?? -1
    growing.right.push(0)
    if (leftChild === -1) {
      growing.feature.push(-1)
      growing.value.push(leaves === undefined ? (conditions[node] ?? 0) : growing.vectors.length)
      if (leaves !== undefined) growing.vectors.push(...leaves(node, rightChild))
      continue
    }
    const feature = features[node] ?? -1
    if (!(Number.isInteger(feature) && feature >= 0 && feature < featureCount)) {
      throw new ModelUnreadable(`"${tree.path}" splits on feature ${feature}, but the model has ${featureCount}`)
    }
    const set = categories.get(node)
    growing.feature.push(feature | (toLeft[node] ? defaultLeft : 0) | (set ? categorical : 0))
    growing.value.push(set ? growing.categories.length : (conditions[node] ?? 0))
    if (set) growing.categories.push(set)
    pending.push({ node: rightChild, parent: at }, { node: leftChild, parent: -1 })
  }
}

/** The category sets of one tree by node. `categories_*` are absent in files older than XGBoost 1.3. */
function readCategories(tree: Part, size: number): Map<number, Uint32Array> {
  const sets = new Map<number, Uint32Array>()
  if (field(tree, 'categories_nodes').value === undefined) return sets
  const nodes = numbers(field(tree, 'categories_nodes'))
  const segments = numbers(field(tree, 'categories_segments'), nodes.length)
  const sizes = numbers(field(tree, 'categories_sizes'), nodes.length)
  const all = numbers(field(tree, 'categories'))
  const types = numbers(field(tree, 'split_type'), size)
  for (let i = 0; i < nodes.length; i++) {
    const from = segments[i] ?? -1
    const to = from + (sizes[i] ?? -1)
    if (!(from >= 0 && to >= from && to <= all.length)) {
      throw new ModelUnreadable(`"${tree.path}.categories_segments[${i}]" points outside of "categories"`)
    }
    if (types[nodes[i] ?? -1] === 1) sets.set(nodes[i] ?? -1, toBits(tree, all, from, to))
  }
  return sets
}

function toBits(tree: Part, all: ArrayLike<number>, from: number, to: number): Uint32Array {
  let highest = 0
  for (let i = from; i < to; i++) highest = Math.max(highest, all[i] ?? 0)
  if (highest > categoryMax)
    throw new ModelUnreadable(`"${tree.path}.categories" holds ${highest}, above ${categoryMax}`)
  const bits = new Uint32Array((highest >>> 5) + 1)
  for (let i = from; i < to; i++) {
    const category = all[i] ?? -1
    if (!(Number.isInteger(category) && category >= 0)) {
      throw new ModelUnreadable(`"${tree.path}.categories[${i}]" is ${category}; expected a category's number`)
    }
    bits[category >>> 5] = (bits[category >>> 5] ?? 0) | (1 << (category & 31))
  }
  return bits
}

/** Vector leaves: `leaf_weights` by the index in right_children (3.1 and later), else `base_weights` by node. */
function readLeafVectors(tree: Part, size: number, vectorSize: number): (node: number, right: number) => number[] {
  const leafWeights = field(tree, 'leaf_weights')
  const isByLeaf = leafWeights.value !== undefined
  const weights = isByLeaf ? numbers(leafWeights) : numbers(field(tree, 'base_weights'), size * vectorSize)
  return (node, right) => {
    const index = isByLeaf ? right : node
    if (!(index >= 0 && (index + 1) * vectorSize <= weights.length)) {
      throw new ModelUnreadable(`"${tree.path}" has leaf ${index} outside of its leaf weights`)
    }
    return Array.from({ length: vectorSize }, (_, k) => weights[index * vectorSize + k] ?? 0)
  }
}
