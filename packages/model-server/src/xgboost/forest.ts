import { ModelUnreadable } from '../runtime.ts'
import { createForestBuilder, type Forest, type TreeNode } from '../tabular/forest.ts'
import { field, items, numbers, type Part, scalar } from './document.ts'

/** The trees of a gbtree or dart model. */
export interface BoostedTrees {
  readonly forest: Forest
  /** The output that each tree adds to. */
  readonly groups: Int32Array
  /** What each tree's leaf is multiplied with (dart); absent: 1. */
  readonly weights: Float32Array | undefined
  /** Category sets of the special nodes, one bit for each category. */
  readonly categories: readonly Uint32Array[]
  /** Leaf values of trees that answer all outputs at once, `vectorSize` each; a leaf then holds its place here. */
  readonly vectors: Float32Array
  readonly vectorSize: number
}

/** Categories are stored as bits; XGBoost itself takes none above this (OutOfRangeCat in its common/categorical.h). */
export const categoryMax = 16_777_216

/** Bound of `num_feature`. */
export const featureCountMax = 2 ** 28

interface Collected {
  readonly categories: Uint32Array[]
  readonly vectors: number[]
}

/**
 * Reads `trees`. Throws `ModelUnreadable` for anything that would send a row out of a tree or round in it. XGBoost sends
 * a float32 value left where it is below the condition, the forest right where it is above its threshold: the same with
 * the next float32 below.
 */
export function readTrees(model: Part, weights: Part | undefined, featureCount: number, outputs: number): BoostedTrees {
  const trees = items(field(model, 'trees'))
  const groups = Int32Array.from(numbers(field(model, 'tree_info'), trees.length))
  const [first] = trees
  const vectorSize =
    first === undefined ? 1 : Math.max(1, scalar(field(field(first, 'tree_param'), 'size_leaf_vector'), 1))
  if (vectorSize !== 1 && vectorSize !== outputs) {
    throw new ModelUnreadable(`the leaves hold ${vectorSize} values, but the model has ${outputs} outputs`)
  }
  const stray = groups.findIndex((group) => group < 0 || group >= outputs)
  if (stray !== -1) {
    throw new ModelUnreadable(`tree ${stray} belongs to output ${groups[stray]}, but the model has ${outputs} outputs`)
  }
  const builder = createForestBuilder()
  const collected: Collected = { categories: [], vectors: [] }
  for (const tree of trees) {
    const read = nodeReader(tree, featureCount, vectorSize, collected)
    builder.addTree(0, read, (node) => new ModelUnreadable(`"${tree.path}" reaches node ${node} twice`))
  }
  return {
    forest: builder.build(),
    groups,
    weights: weights === undefined ? undefined : Float32Array.from(numbers(weights, trees.length)),
    categories: collected.categories,
    vectors: Float32Array.from(collected.vectors),
    vectorSize,
  }
}

function nodeReader(
  tree: Part,
  featureCount: number,
  vectorSize: number,
  collected: Collected,
): (node: number) => TreeNode {
  const left = numbers(field(tree, 'left_children'))
  const size = left.length
  const right = numbers(field(tree, 'right_children'), size)
  const features = numbers(field(tree, 'split_indices'), size)
  const conditions = numbers(field(tree, 'split_conditions'), size)
  const toLeft = numbers(field(tree, 'default_left'), size)
  const categories = readCategories(tree, size)
  const leaves = vectorSize === 1 ? undefined : readLeafVectors(tree, size, vectorSize)
  return (node) => {
    if (!(Number.isInteger(node) && node >= 0 && node < size)) {
      throw new ModelUnreadable(`"${tree.path}" points to node ${node}, but has ${size}`)
    }
    const [leftChild, rightChild, condition] = [left[node] ?? -1, right[node] ?? -1, conditions[node] ?? 0]
    if (leftChild === -1) {
      if (leaves === undefined) return { leaf: Math.fround(condition) }
      collected.vectors.push(...leaves(node, rightChild))
      return { leaf: collected.vectors.length - vectorSize }
    }
    const feature = features[node] ?? -1
    if (!(Number.isInteger(feature) && feature >= 0 && feature < featureCount)) {
      throw new ModelUnreadable(`"${tree.path}" splits on feature ${feature}, but the model has ${featureCount}`)
    }
    const split = { feature, isMissingRight: !toLeft[node], left: leftChild, right: rightChild }
    const set = categories.get(node)
    if (set === undefined) return { ...split, threshold: nextBelow(condition) }
    collected.categories.push(set)
    return { ...split, threshold: Number.NaN, special: collected.categories.length - 1 }
  }
}

const floats = new Float32Array(1)
const bits = new Int32Array(floats.buffer)

/** The float32 just below. */
function nextBelow(value: number): number {
  floats[0] = value
  const pattern = bits[0] ?? 0
  if (floats[0] === 0) bits[0] = -0x7fffffff
  else if (Number.isFinite(floats[0])) bits[0] = pattern > 0 ? pattern - 1 : pattern + 1
  return floats[0] ?? 0
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
  const set = new Uint32Array((highest >>> 5) + 1)
  for (let i = from; i < to; i++) {
    const category = all[i] ?? -1
    if (!(Number.isInteger(category) && category >= 0)) {
      throw new ModelUnreadable(`"${tree.path}.categories[${i}]" is ${category}; expected a category's number`)
    }
    set[category >>> 5] = (set[category >>> 5] ?? 0) | (1 << (category & 31))
  }
  return set
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
