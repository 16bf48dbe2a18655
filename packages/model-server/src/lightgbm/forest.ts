import { ModelUnreadable } from '../runtime.ts'
import { createForestBuilder, type Forest, type Split, type TreeNode } from '../tabular/forest.ts'
import { countOf, has, numbersOf, type Section } from './text-model.ts'

/** The trees of a model. A leaf's value is its place in `leafValue`. */
export interface LeafwiseTrees {
  readonly forest: Forest
  readonly leafValue: Float64Array
  /** For each leaf of a linear tree its line; undefined elsewhere. */
  readonly lines: readonly (Line | undefined)[]
  readonly rules: readonly SpecialRule[]
}

/** What a linear leaf answers: `intercept` + Σ coefficient × feature; the leaf's plain value when a feature is NaN. */
export interface Line {
  readonly intercept: number
  readonly features: readonly number[]
  readonly coefficients: readonly number[]
}

/** How a node that is no plain threshold decides: a set of categories that go left, or a threshold with zeros that are missing. */
export type SpecialRule =
  | { readonly kind: 'categories'; readonly set: Uint32Array }
  | { readonly kind: 'zero-missing'; readonly threshold: number; readonly isMissingRight: boolean }

interface Collected {
  readonly leafValue: number[]
  readonly lines: (Line | undefined)[]
  readonly rules: SpecialRule[]
}

const leavesMax = 2 ** 24

/** Throws `ModelUnreadable` for anything that would send a row out of a tree or round in it. */
export function readTrees(trees: readonly Section[], featureCount: number): LeafwiseTrees {
  const builder = createForestBuilder()
  const collected: Collected = { leafValue: [], lines: [], rules: [] }
  for (const tree of trees) {
    const { root, read } = nodeReader(tree, featureCount, collected)
    builder.addTree(
      root,
      read,
      (node) =>
        new ModelUnreadable(`${tree.name} reaches ${node < 0 ? 'leaf' : 'node'} ${node < 0 ? ~node : node} twice`),
    )
  }
  const { leafValue, lines, rules } = collected
  return { forest: builder.build(), leafValue: Float64Array.from(leafValue), lines, rules }
}

/** Children as LightGBM writes them: a node's index, or below 0 the complement of a leaf's. */
function nodeReader(
  tree: Section,
  featureCount: number,
  collected: Collected,
): { root: number; read: (node: number) => TreeNode } {
  const leaves = countOf(tree, 'num_leaves', 1, leavesMax)
  const nodes = leaves - 1
  const firstLeaf = collected.leafValue.length
  const values = numbersOf(tree, 'leaf_value', leaves)
  const lines = readLines(tree, leaves, featureCount)
  for (const [leaf, value] of values.entries()) {
    collected.leafValue.push(value)
    collected.lines.push(lines?.[leaf])
  }
  if (nodes === 0) return { root: ~0, read: () => ({ leaf: firstLeaf }) }
  const features = numbersOf(tree, 'split_feature', nodes)
  const kinds = numbersOf(tree, 'decision_type', nodes)
  const thresholds = numbersOf(tree, 'threshold', nodes)
  const left = numbersOf(tree, 'left_child', nodes)
  const right = numbersOf(tree, 'right_child', nodes)
  const sets = readSets(tree)
  const child = (node: number, list: readonly number[]): number => {
    const to = list[node] ?? nodes
    if (Number.isInteger(to) && to < nodes && ~to < leaves) return to
    throw new ModelUnreadable(`${tree.name} node ${node} has the child ${to}; the tree has ${leaves} leaves`)
  }
  const read = (node: number): TreeNode => {
    if (node < 0) return { leaf: firstLeaf + ~node }
    const feature = features[node] ?? -1
    if (!(Number.isInteger(feature) && feature >= 0 && feature < featureCount)) {
      throw new ModelUnreadable(`${tree.name} splits on feature ${feature}, but the model has ${featureCount}`)
    }
    const threshold = thresholds[node] ?? 0
    const decision = readDecision(kinds[node] ?? 0, threshold, sets, collected.rules)
    if (decision === undefined) throw new ModelUnreadable(`${tree.name} has no category set ${threshold}`)
    return { feature, ...decision, left: child(node, left), right: child(node, right) }
  }
  return { root: 0, read }
}

/**
 * LightGBM's decision_type (include/LightGBM/tree.h): bit 0 categorical, bit 1 default left, bits 2-3 what is missing
 * (0 nothing: NaN counts as 0; 1 zero; 2 NaN). A row goes left where it is at or below the threshold, or its category in
 * the set; NaN is in no set.
 */
function readDecision(
  kind: number,
  threshold: number,
  sets: readonly Uint32Array[],
  rules: SpecialRule[],
): Pick<Split, 'threshold' | 'isMissingRight' | 'special'> | undefined {
  const isDefaultRight = (kind & 2) === 0
  const missing = (kind >>> 2) & 3
  if ((kind & 1) === 1) {
    const set = sets[threshold]
    if (set === undefined) return undefined
    rules.push({ kind: 'categories', set })
    return { threshold: Number.NaN, isMissingRight: true, special: rules.length - 1 }
  }
  if (missing === 1) {
    rules.push({ kind: 'zero-missing', threshold, isMissingRight: isDefaultRight })
    return { threshold: Number.NaN, isMissingRight: isDefaultRight, special: rules.length - 1 }
  }
  return { threshold, isMissingRight: missing === 2 ? isDefaultRight : threshold < 0 }
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
  if (stray !== undefined) {
    throw new ModelUnreadable(`${tree.name} has a leaf on feature ${stray}; the model has ${featureCount}`)
  }
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
