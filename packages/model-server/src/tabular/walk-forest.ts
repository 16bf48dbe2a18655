import type { Decide, Forest } from './forest.ts'

/** Rows that walk a tree together: enough to reuse the tree in the cache, few enough that their features stay there too. */
const blockRows = 64

/** Gets the leaves that a block of rows reached in one tree: leaf `leaves[i]` for row `start + i`. */
export type TakeLeaves = (tree: number, leaves: Float64Array, start: number, count: number) => void

/**
 * Sends every row through every tree and gives the leaves' values to `take`, trees in their order for each row.
 * `features` is rows × columns.
 */
export function walkForest(
  forest: Forest,
  features: Float64Array,
  rows: number,
  columns: number,
  decide: Decide,
  take: TakeLeaves,
): void {
  const leaves = new Float64Array(blockRows)
  for (let start = 0; start < rows; start += blockRows) {
    const count = Math.min(rows - start, blockRows)
    for (let tree = 0; tree < forest.roots.length; tree++) {
      const depth = forest.depths[tree] as number
      const first = depth === -1 ? 0 : walkByFours(forest, tree, features, start, count, columns, leaves)
      walkOneByOne(forest, tree, features, start, first, count, columns, decide, leaves)
      take(tree, leaves, start, count)
    }
  }
}

/**
 * The busiest loop of the server. Four rows go down together and no step is a branch that could be guessed wrong: that is
 * three times as fast as one row at a time. Everything it reads is a local. Returns how many rows are done.
 */
function walkByFours(
  forest: Forest,
  tree: number,
  features: Float64Array,
  start: number,
  count: number,
  columns: number,
  leaves: Float64Array,
): number {
  const { feature, threshold, child, missingRight, value } = forest
  const root = forest.roots[tree] as number
  const depth = forest.depths[tree] as number
  let done = 0
  for (; done + 4 <= count; done += 4) {
    const a = (start + done) * columns
    const b = a + columns
    const c = b + columns
    const d = c + columns
    let i = root
    let j = root
    let k = root
    let l = root
    for (let step = 0; step < depth; step++) {
      const w = features[a + (feature[i] as number)] as number
      const x = features[b + (feature[j] as number)] as number
      const y = features[c + (feature[k] as number)] as number
      const z = features[d + (feature[l] as number)] as number
      i =
        ((child[i] as number) +
          (Number(w > (threshold[i] as number)) | (Number(w !== w) & (missingRight[i] as number)))) |
        0
      j =
        ((child[j] as number) +
          (Number(x > (threshold[j] as number)) | (Number(x !== x) & (missingRight[j] as number)))) |
        0
      k =
        ((child[k] as number) +
          (Number(y > (threshold[k] as number)) | (Number(y !== y) & (missingRight[k] as number)))) |
        0
      l =
        ((child[l] as number) +
          (Number(z > (threshold[l] as number)) | (Number(z !== z) & (missingRight[l] as number)))) |
        0
    }
    leaves[done] = value[i] as number
    leaves[done + 1] = value[j] as number
    leaves[done + 2] = value[k] as number
    leaves[done + 3] = value[l] as number
  }
  return done
}

function walkOneByOne(
  forest: Forest,
  tree: number,
  features: Float64Array,
  start: number,
  first: number,
  count: number,
  columns: number,
  decide: Decide,
  leaves: Float64Array,
): void {
  const { feature, threshold, child, missingRight, special, value } = forest
  for (let row = first; row < count; row++) {
    const offset = (start + row) * columns
    let node = forest.roots[tree] as number
    for (let left = child[node] as number; left !== node; left = child[node] as number) {
      const x = features[offset + (feature[node] as number)] as number
      let isRight: boolean
      if (x !== x) isRight = missingRight[node] === 1
      else isRight = special[node] === 1 ? decide(value[node] as number, x) : x > (threshold[node] as number)
      node = isRight ? left + 1 : left
    }
    leaves[row] = value[node] as number
  }
}
