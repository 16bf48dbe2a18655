import { walkForest } from '../tabular/walk-forest.ts'
import { type BoostedTrees, categoryMax } from './forest.ts'

/**
 * Adds what each tree answers to `margins` (rows × outputs). Sums are float32 and in the trees' order, so they round as
 * XGBoost's do. `features` (rows × columns) holds float32 values; NaN is missing.
 */
export function addTrees(
  trees: BoostedTrees,
  features: Float64Array,
  rows: number,
  columns: number,
  margins: Float32Array,
): void {
  const outputs = rows === 0 ? 1 : margins.length / rows
  const { groups, weights, categories, vectors, vectorSize } = trees
  const isRight = (set: number, x: number) => hasCategory(categories[set], x)
  walkForest(trees.forest, features, rows, columns, isRight, (tree, leaves, start, count) => {
    const group = groups[tree] as number
    const weight = weights === undefined ? 1 : (weights[tree] as number)
    for (let i = 0; i < count; i++) {
      const leaf = leaves[i] as number
      const row = (start + i) * outputs
      if (vectorSize === 1) {
        margins[row + group] = (margins[row + group] as number) + (weight === 1 ? leaf : Math.fround(weight * leaf))
        continue
      }
      for (let k = 0; k < vectorSize; k++) {
        margins[row + k] = (margins[row + k] as number) + Math.fround(weight * (vectors[leaf + k] as number))
      }
    }
  })
}

/** A category outside of the set's bits, negative or beyond what XGBoost takes is in no set, and goes left. */
function hasCategory(set: Uint32Array | undefined, x: number): boolean {
  if (set === undefined || x < 0 || x >= categoryMax) return false
  const category = Math.trunc(x)
  return (((set[category >>> 5] ?? 0) >>> (category & 31)) & 1) === 1
}
