import { categorical, categoryMax, defaultLeft, type Forest, featureMask } from './forest.ts'

/** Rows that walk a tree together: enough to reuse the tree in the cache, few enough that their features stay there too. */
const blockRows = 64

/**
 * Adds what each tree answers to `margins` (rows × outputs, float32 as XGBoost sums, trees in their order, so that sums
 * round as there). `features` is rows × columns; NaN is missing.
 */
export function addForest(
  forest: Forest,
  features: Float32Array,
  rows: number,
  columns: number,
  margins: Float32Array,
): void {
  const outputs = rows === 0 ? 1 : margins.length / rows
  const { roots, groups, weights, vectors, vectorSize, value } = forest
  for (let start = 0; start < rows; start += blockRows) {
    const end = Math.min(rows, start + blockRows)
    for (let tree = 0; tree < roots.length; tree++) {
      const root = roots[tree] ?? 0
      const group = groups[tree] ?? 0
      const weight = weights === undefined ? 1 : (weights[tree] ?? 1)
      for (let row = start; row < end; row++) {
        const leaf = value[findLeaf(forest, root, features, row * columns)] ?? 0
        if (vectorSize === 1) {
          const at = row * outputs + group
          margins[at] = (margins[at] ?? 0) + (weight === 1 ? leaf : Math.fround(weight * leaf))
          continue
        }
        for (let k = 0; k < vectorSize; k++) {
          const at = row * outputs + k
          margins[at] = (margins[at] ?? 0) + Math.fround(weight * (vectors[leaf + k] ?? 0))
        }
      }
    }
  }
}

function findLeaf(forest: Forest, root: number, features: Float32Array, rowOffset: number): number {
  const { feature, value, right, categories } = forest
  let node = root
  for (;;) {
    const split = feature[node] as number
    if (split === -1) return node
    const x = features[rowOffset + (split & featureMask)] as number
    let isLeft: boolean
    if (x !== x) isLeft = (split & defaultLeft) !== 0
    else if ((split & categorical) === 0) isLeft = x < (value[node] as number)
    else isLeft = !hasCategory(categories[value[node] as number], x)
    node = isLeft ? node + 1 : (right[node] as number)
  }
}

/** A category outside of the set's bits, negative or beyond what XGBoost takes is in no set. */
function hasCategory(set: Uint32Array | undefined, x: number): boolean {
  if (set === undefined || x < 0 || x >= categoryMax) return false
  const category = Math.trunc(x)
  return (((set[category >>> 5] ?? 0) >>> (category & 31)) & 1) === 1
}
