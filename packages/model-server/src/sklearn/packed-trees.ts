import { countElements, fieldElements, formatArray, type NdArray, type NumericArray } from '../pickle/index.ts'
import { arrayOf, type EstimatorRecord, numbersOf, unreadable } from './record.ts'
import type { Matrix } from './table.ts'

/**
 * Decision trees over the same features, packed into a few arrays so that walking them stays in the cache.
 *
 *   links:      [feature, left, right, missing goes left] for each node; a leaf has feature -1 and its slot as left
 *   thresholds: a row goes left where its value <= threshold, compared as doubles
 *   leaves:     `width` numbers for each slot
 */
export interface PackedTrees {
  readonly roots: Int32Array
  readonly links: Int32Array
  readonly thresholds: Float64Array
  readonly leaves: Float64Array
  readonly width: number
}

/** One tree as scikit-learn's `Tree` keeps it, checked. */
interface TreeNodes {
  readonly count: number
  readonly left: NumericArray
  readonly right: NumericArray
  readonly feature: NumericArray
  readonly threshold: NumericArray
  /** Versions since 1.3. */
  readonly missingGoesLeft: NumericArray | undefined
  /** nodes × width. */
  readonly values: Float64Array
  readonly width: number
}

/** Bytes of a packed node: four links, a threshold. */
const nodeBytes = 24

/** Packs the trees (records of `sklearn.tree._tree.Tree`); all have the same width. */
export function packTrees(trees: readonly EstimatorRecord[], featureCount: number): PackedTrees {
  const parts = trees.map((tree) => nodesOf(tree))
  const nodeCount = parts.reduce((sum, part) => sum + part.count, 0)
  const width = parts[0]?.width ?? 1
  const links = new Int32Array(nodeCount * 4)
  const thresholds = new Float64Array(nodeCount)
  const roots = new Int32Array(parts.length)
  const leaves = new Float64Array(parts.reduce((sum, part) => sum + countLeaves(part), 0) * width)
  let node = 0
  let slot = 0
  for (const [index, part] of parts.entries()) {
    const record = trees[index]
    if (record && part.width !== width)
      return unreadable(record, `has ${part.width} values a leaf, others have ${width}`)
    roots[index] = node
    for (let i = 0; i < part.count; i++) {
      const at = (node + i) * 4
      const left = Number(part.left[i])
      const right = Number(part.right[i])
      if (left === -1) {
        links[at] = -1
        links[at + 1] = slot
        leaves.set(part.values.subarray(i * width, (i + 1) * width), slot * width)
        slot++
        continue
      }
      const feature = Number(part.feature[i])
      // Builders number children after their parents; that also rules out cycles.
      if (record && !(left > i && right > i && left < part.count && right < part.count)) {
        return unreadable(record, `is corrupt: node ${i} has the children ${left} and ${right}`)
      }
      if (record && !(feature >= 0 && feature < featureCount)) {
        return unreadable(record, `is corrupt: node ${i} splits on feature ${feature} of ${featureCount}`)
      }
      links[at] = feature
      links[at + 1] = node + left
      links[at + 2] = node + right
      links[at + 3] = Number(part.missingGoesLeft?.[i] ?? 0)
      thresholds[node + i] = Number(part.threshold[i])
    }
    node += part.count
  }
  return { roots, links, thresholds, leaves, width }
}

/** The leaf's slot that row `row` of `data` (rows × columns) reaches in the tree with this root. */
export function findLeaf(trees: PackedTrees, root: number, data: Float64Array, start: number): number {
  const { links, thresholds } = trees
  let node = root
  for (;;) {
    const at = node << 2
    const feature = links[at] as number
    if (feature < 0) return links[at + 1] as number
    const value = data[start + feature] as number
    if (value <= (thresholds[node] as number)) node = links[at + 1] as number
    else if (value === value) node = links[at + 2] as number
    else node = links[at + (links[at + 3] === 0 ? 2 : 1)] as number
  }
}

/** Rows that are walked through one tree before the next: few enough that their cells stay in the cache. */
const rowsAtOnce = 256

/** Calls `visit` with the row, the tree's index and its leaf's slot, for every row and tree; trees in order for a row. */
export function walkTrees(
  trees: PackedTrees,
  { data, rows, columns }: Matrix,
  visit: (row: number, tree: number, slot: number) => void,
): void {
  for (let block = 0; block < rows; block += rowsAtOnce) {
    const end = Math.min(rows, block + rowsAtOnce)
    for (let tree = 0; tree < trees.roots.length; tree++) {
      const root = trees.roots[tree] ?? 0
      for (let row = block; row < end; row++) visit(row, tree, findLeaf(trees, root, data, row * columns))
    }
  }
}

/** The mean of all trees' leaves: rows × width, summed tree by tree as scikit-learn does. */
export function averageLeaves(trees: PackedTrees, matrix: Matrix): Float64Array {
  const { leaves, width, roots } = trees
  const sums = new Float64Array(matrix.rows * width)
  walkTrees(trees, matrix, (row, _tree, slot) => {
    const to = row * width
    const from = slot * width
    for (let i = 0; i < width; i++) sums[to + i] = (sums[to + i] as number) + (leaves[from + i] as number)
  })
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) / roots.length
  return sums
}

function nodesOf(record: EstimatorRecord): TreeNodes {
  const nodes = arrayOf(record, 'nodes')
  const { data: values, shape } = numbersOf(record, 'values')
  const count = nodes.shape[0] ?? 0
  const width = countElements(shape.slice(1))
  if (nodes.shape.length !== 1 || count === 0 || shape[0] !== count || width < 1) {
    return unreadable(record, `has nodes ${formatArray(nodes)} and values of shape [${shape.join(',')}]`)
  }
  record.budget.charge(count * (nodeBytes + width * 8))
  return {
    count,
    width,
    values,
    left: fieldOf(record, nodes, 'left_child'),
    right: fieldOf(record, nodes, 'right_child'),
    feature: fieldOf(record, nodes, 'feature'),
    threshold: fieldOf(record, nodes, 'threshold'),
    missingGoesLeft: fieldElements(nodes, 'missing_go_to_left'),
  }
}

function fieldOf(record: EstimatorRecord, nodes: NdArray, name: string): NumericArray {
  return fieldElements(nodes, name) ?? unreadable(record, `has nodes without ${name}`)
}

function countLeaves({ left }: TreeNodes): number {
  let leaves = 0
  for (let i = 0; i < left.length; i++) if (Number(left[i]) === -1) leaves++
  return leaves
}
