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

/** The nodes of one tree as columns. */
export interface TreeNodes {
  readonly count: number
  /** -1 for a leaf. */
  readonly left: NumericArray
  readonly right: NumericArray
  readonly feature: NumericArray
  readonly threshold: NumericArray
  /** Whether rows without a value go left; versions that know no missing values have none. */
  readonly missingGoesLeft: NumericArray | undefined
  /** nodes × width. */
  readonly values: ArrayLike<number>
  readonly width: number
}

/** Bytes of a packed node: four links, a threshold. */
const nodeBytes = 24

/** Packs the trees (records of `sklearn.tree._tree.Tree`); all have the same width. */
export function packTrees(trees: readonly EstimatorRecord[], featureCount: number): PackedTrees {
  const parts = trees.map((tree) => nodesOf(tree))
  return packNodes(parts, featureCount, (tree, what) => {
    const record = trees[tree]
    if (record) unreadable(record, what)
    throw new Error(what)
  })
}

/** Packs nodes that are already columns. `refuse` is called when a tree is corrupt, and does not return. */
export function packNodes(
  parts: readonly TreeNodes[],
  featureCount: number,
  refuse: (tree: number, what: string) => never,
): PackedTrees {
  const nodeCount = parts.reduce((sum, part) => sum + part.count, 0)
  const leafCount = parts.reduce((sum, part) => sum + countLeaves(part), 0)
  const width = parts[0]?.width ?? 1
  const trees: PackedTrees = {
    roots: new Int32Array(parts.length),
    links: new Int32Array(nodeCount * 4),
    thresholds: new Float64Array(nodeCount),
    leaves: new Float64Array(leafCount * width),
    width,
  }
  let root = 0
  let slot = 0
  for (const [index, part] of parts.entries()) {
    if (part.width !== width) refuse(index, `has ${part.width} values a leaf, the first tree has ${width}`)
    const fault = findFault(part, featureCount)
    if (fault !== undefined) refuse(index, `is corrupt: ${fault}`)
    trees.roots[index] = root
    slot = copyNodes(trees, part, root, slot)
    root += part.count
  }
  return trees
}

/** Builders number children after their parents, which also rules out cycles. */
function findFault({ count, left, right, feature }: TreeNodes, featureCount: number): string | undefined {
  for (let node = 0; node < count; node++) {
    const [low, high, split] = [Number(left[node]), Number(right[node]), Number(feature[node])]
    if (low === -1) continue
    if (!(low > node && high > node && low < count && high < count))
      return `node ${node} has the children ${low} and ${high}`
    if (!(split >= 0 && split < featureCount)) return `node ${node} splits on feature ${split} of ${featureCount}`
  }
  return undefined
}

/** Returns the next free slot for a leaf. */
function copyNodes(trees: PackedTrees, part: TreeNodes, root: number, firstSlot: number): number {
  const { links, thresholds, leaves, width } = trees
  let slot = firstSlot
  for (let node = 0; node < part.count; node++) {
    const at = (root + node) * 4
    const left = Number(part.left[node])
    if (left === -1) {
      links[at] = -1
      links[at + 1] = slot
      for (let i = 0; i < width; i++) leaves[slot * width + i] = part.values[node * width + i] ?? 0
      slot++
      continue
    }
    links[at] = Number(part.feature[node])
    links[at + 1] = root + left
    links[at + 2] = root + Number(part.right[node])
    links[at + 3] = Number(part.missingGoesLeft?.[node] ?? 0)
    thresholds[root + node] = Number(part.threshold[node])
  }
  return slot
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

/** Takes the leaves' slots that `count` rows from `firstRow` on reach in one tree. */
type VisitLeaves = (tree: number, firstRow: number, slots: Int32Array, count: number) => void

/** Walks every row through every tree, some rows at a time; a row meets the trees in order. */
function walkTrees(trees: PackedTrees, { data, rows, columns }: Matrix, visit: VisitLeaves): void {
  const slots = new Int32Array(Math.min(rows, rowsAtOnce))
  for (let firstRow = 0; firstRow < rows; firstRow += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - firstRow)
    for (let tree = 0; tree < trees.roots.length; tree++) {
      const root = trees.roots[tree] as number
      for (let i = 0; i < count; i++) slots[i] = findLeaf(trees, root, data, (firstRow + i) * columns)
      visit(tree, firstRow, slots, count)
    }
  }
}

/** The mean of all trees' leaves: rows × width, summed tree by tree as scikit-learn does. */
export function averageLeaves(trees: PackedTrees, matrix: Matrix): Float64Array {
  const { leaves, width, roots } = trees
  const sums = new Float64Array(matrix.rows * width)
  walkTrees(trees, matrix, (_tree, firstRow, slots, count) => {
    for (let row = 0; row < count; row++) {
      const to = (firstRow + row) * width
      const from = (slots[row] as number) * width
      for (let i = 0; i < width; i++) sums[to + i] = (sums[to + i] as number) + (leaves[from + i] as number)
    }
  })
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) / roots.length
  return sums
}

/** Adds `factor` times the leaf of tree i to output i modulo `outputs` of each row: how boosting sums its trees. */
export function addLeaves(
  trees: PackedTrees,
  matrix: Matrix,
  sums: Float64Array,
  outputs: number,
  factor: number,
): void {
  const { leaves } = trees
  walkTrees(trees, matrix, (tree, firstRow, slots, count) => {
    const output = tree % outputs
    for (let row = 0; row < count; row++) {
      const at = (firstRow + row) * outputs + output
      sums[at] = (sums[at] as number) + factor * (leaves[slots[row] as number] as number)
    }
  })
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
