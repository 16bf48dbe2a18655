import { walkForest } from '../tabular/walk-forest.ts'
import type { LeafwiseTrees, Line, SpecialRule } from './forest.ts'

/** What LightGBM takes for zero (kZeroThreshold in include/LightGBM/meta.h). */
const zero = 1e-35

/** Adds each tree's answer to `sums` (rows × outputs); tree t belongs to output t modulo outputs. NaN is missing. */
export function addTrees(
  trees: LeafwiseTrees,
  features: Float64Array,
  rows: number,
  columns: number,
  sums: Float64Array,
): void {
  const outputs = rows === 0 ? 1 : sums.length / rows
  const { leafValue, lines, rules } = trees
  const decide = (rule: number, x: number) => isRight(rules[rule], x)
  walkForest(trees.forest, features, rows, columns, decide, (tree, leaves, start, count) => {
    const output = tree % outputs
    for (let i = 0; i < count; i++) {
      const leaf = leaves[i] as number
      const line = lines[leaf]
      const plain = leafValue[leaf] as number
      const at = (start + i) * outputs + output
      const answer = line === undefined ? plain : solve(line, plain, features, (start + i) * columns)
      sums[at] = (sums[at] as number) + answer
    }
  })
}

function isRight(rule: SpecialRule | undefined, x: number): boolean {
  if (rule === undefined) return true
  if (rule.kind === 'categories') return !hasCategory(rule.set, x)
  return x >= -zero && x <= zero ? rule.isMissingRight : x > rule.threshold
}

/** Negative and unknown categories are in no set. */
function hasCategory(set: Uint32Array, x: number): boolean {
  if (!(x > -1)) return false
  const category = Math.trunc(x)
  if (category >= set.length * 32) return false
  return (((set[category >>> 5] as number) >>> (category & 31)) & 1) === 1
}

function solve(line: Line, plain: number, features: Float64Array, rowOffset: number): number {
  let sum = line.intercept
  for (const [i, feature] of line.features.entries()) {
    const x = features[rowOffset + feature] as number
    if (Number.isNaN(x)) return plain
    sum += x * (line.coefficients[i] as number)
  }
  return sum
}
