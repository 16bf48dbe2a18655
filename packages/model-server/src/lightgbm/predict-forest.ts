import type { Forest, Line } from './forest.ts'

const blockRows = 64
/** What LightGBM takes for zero (kZeroThreshold in include/LightGBM/meta.h). */
const zero = 1e-35

/** Adds each tree's answer to `sums` (rows × outputs); tree t belongs to output t modulo outputs. NaN is missing. */
export function addForest(
  forest: Forest,
  features: Float64Array,
  rows: number,
  columns: number,
  sums: Float64Array,
): void {
  const outputs = rows === 0 ? 1 : sums.length / rows
  const { roots, leafValue, lines } = forest
  for (let start = 0; start < rows; start += blockRows) {
    const end = Math.min(rows, start + blockRows)
    for (let tree = 0; tree < roots.length; tree++) {
      for (let row = start; row < end; row++) {
        const leaf = findLeaf(forest, roots[tree] as number, features, row * columns)
        const line = lines[leaf]
        const plain = leafValue[leaf] as number
        const at = row * outputs + (tree % outputs)
        sums[at] = (sums[at] as number) + (line === undefined ? plain : solve(line, plain, features, row * columns))
      }
    }
  }
}

function findLeaf(forest: Forest, root: number, features: Float64Array, rowOffset: number): number {
  const { feature, kind, threshold, left, right } = forest
  let node = root
  while (node >= 0) {
    const decision = kind[node] as number
    const x = features[rowOffset + (feature[node] as number)] as number
    let isLeft: boolean
    if ((decision & 1) === 1) isLeft = hasCategory(forest.sets[threshold[node] as number], x)
    else {
      const missing = (decision >>> 2) & 3
      const value = x !== x && missing !== 2 ? 0 : x
      const isMissing = missing === 2 ? value !== value : missing === 1 && value >= -zero && value <= zero
      isLeft = isMissing ? (decision & 2) !== 0 : value <= (threshold[node] as number)
    }
    node = (isLeft ? left[node] : right[node]) as number
  }
  return ~node
}

/** NaN, negative and unknown categories are in no set. */
function hasCategory(set: Uint32Array | undefined, x: number): boolean {
  if (set === undefined || !(x > -1)) return false
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
