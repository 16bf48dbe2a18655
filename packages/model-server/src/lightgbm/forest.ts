import { ModelUnreadable } from '../runtime.ts'
import { countOf, has, numbersOf, type Section } from './text-model.ts'

/**
 * All trees as flat arrays of inner nodes. A child below 0 is a leaf, `~child` its index. `kind` is LightGBM's
 * decision_type (include/LightGBM/tree.h): bit 0 categorical, bit 1 default left, bits 2-3 missing type (0 none, 1 zero,
 * 2 NaN). In a categorical node the threshold is an index into `sets`.
 */
export interface Forest {
  readonly feature: Int32Array
  readonly kind: Uint8Array
  readonly threshold: Float64Array
  readonly left: Int32Array
  readonly right: Int32Array
  readonly leafValue: Float64Array
  /** For each leaf of a linear tree its line; absent elsewhere. */
  readonly lines: readonly (Line | undefined)[]
  /** Where each tree starts, in the form of a child. */
  readonly roots: Int32Array
  readonly sets: readonly Uint32Array[]
}

/** What a linear leaf answers: `intercept` + Σ coefficient × feature; the leaf's plain value when a feature is NaN. */
export interface Line {
  readonly intercept: number
  readonly features: readonly number[]
  readonly coefficients: readonly number[]
}

interface Growing {
  readonly feature: number[]
  readonly kind: number[]
  readonly threshold: number[]
  readonly left: number[]
  readonly right: number[]
  readonly leafValue: number[]
  readonly lines: (Line | undefined)[]
  readonly sets: Uint32Array[]
}

const leavesMax = 2 ** 24

/** Throws `ModelUnreadable` for anything that would send a row out of a tree or round in it. */
export function readForest(trees: readonly Section[], featureCount: number): Forest {
  const growing: Growing = {
    feature: [],
    kind: [],
    threshold: [],
    left: [],
    right: [],
    leafValue: [],
    lines: [],
    sets: [],
  }
  const roots = trees.map((tree) => addTree(growing, tree, featureCount))
  return {
    feature: Int32Array.from(growing.feature),
    kind: Uint8Array.from(growing.kind),
    threshold: Float64Array.from(growing.threshold),
    left: Int32Array.from(growing.left),
    right: Int32Array.from(growing.right),
    leafValue: Float64Array.from(growing.leafValue),
    lines: growing.lines,
    roots: Int32Array.from(roots),
    sets: growing.sets,
  }
}

function addTree(growing: Growing, tree: Section, featureCount: number): number {
  const leaves = countOf(tree, 'num_leaves', 1, leavesMax)
  const nodes = leaves - 1
  const firstNode = growing.feature.length
  const firstLeaf = growing.leafValue.length
  const values = numbersOf(tree, 'leaf_value', leaves)
  const lines = readLines(tree, leaves, featureCount)
  for (const [leaf, value] of values.entries()) {
    growing.leafValue.push(value)
    growing.lines.push(lines?.[leaf])
  }
  if (nodes === 0) return ~firstLeaf
  const features = numbersOf(tree, 'split_feature', nodes)
  const kinds = numbersOf(tree, 'decision_type', nodes)
  const thresholds = numbersOf(tree, 'threshold', nodes)
  const left = numbersOf(tree, 'left_child', nodes)
  const right = numbersOf(tree, 'right_child', nodes)
  checkChildren(tree, left, right, leaves)
  const sets = readSets(tree)
  const place = (child: number) => (child < 0 ? ~(firstLeaf + ~child) : firstNode + child)
  for (let node = 0; node < nodes; node++) {
    const feature = features[node] ?? -1
    if (!(Number.isInteger(feature) && feature >= 0 && feature < featureCount)) {
      throw new ModelUnreadable(`${tree.name} splits on feature ${feature}, but the model has ${featureCount}`)
    }
    const kind = kinds[node] ?? 0
    let threshold = thresholds[node] ?? 0
    if ((kind & 1) === 1) {
      if (sets[threshold] === undefined) throw new ModelUnreadable(`${tree.name} has no category set ${threshold}`)
      threshold += growing.sets.length
    }
    growing.feature.push(feature)
    growing.kind.push(kind)
    growing.threshold.push(threshold)
    growing.left.push(place(left[node] ?? 0))
    growing.right.push(place(right[node] ?? 0))
  }
  for (const set of sets) growing.sets.push(set)
  return firstNode
}

/** Every inner node and leaf must be reached from the root once at most: no cycles, no shared branches. */
function checkChildren(tree: Section, left: readonly number[], right: readonly number[], leaves: number): void {
  const seen = new Uint8Array(left.length)
  const pending = [0]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen[node] === 1) throw new ModelUnreadable(`${tree.name} reaches node ${node} twice`)
    seen[node] = 1
    for (const child of [left[node], right[node]]) {
      if (child === undefined || !Number.isInteger(child) || child >= left.length || ~child >= leaves) {
        throw new ModelUnreadable(`${tree.name} node ${node} has the child ${child}; the tree has ${leaves} leaves`)
      }
      if (child >= 0) pending.push(child)
    }
  }
}

/** Category sets as bits: `cat_boundaries` cuts `cat_threshold` into them. */
function readSets(tree: Section): Uint32Array[] {
  const count = countOf(tree, 'num_cat', 0, leavesMax, 0)
  if (count === 0) return []
  const boundaries = numbersOf(tree, 'cat_boundaries', count + 1)
  const words = Uint32Array.from(numbersOf(tree, 'cat_threshold', boundaries.at(-1) ?? 0))
  return Array.from({ length: count }, (_, i) => words.subarray(boundaries[i], boundaries[i + 1]))
}

function readLines(tree: Section, leaves: number, featureCount: number): Line[] | undefined {
  if (!has(tree, 'is_linear') || countOf(tree, 'is_linear', 0, 1) === 0) return undefined
  const intercepts = numbersOf(tree, 'leaf_const', leaves)
  const counts = numbersOf(tree, 'num_features', leaves)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const features = numbersOf(tree, 'leaf_features', total)
  const coefficients = numbersOf(tree, 'leaf_coeff', total)
  const stray = features.find((feature) => !(feature >= 0 && feature < featureCount))
  if (stray !== undefined)
    throw new ModelUnreadable(`${tree.name} has a leaf on feature ${stray}; the model has ${featureCount}`)
  let at = 0
  return counts.map((count, leaf) => {
    const from = at
    at += count
    return {
      intercept: intercepts[leaf] ?? 0,
      features: features.slice(from, at),
      coefficients: coefficients.slice(from, at),
    }
  })
}
