import {
  fieldElements,
  isNdArray,
  isObject,
  type NdArray,
  type NumericArray,
  numericElements,
} from '../pickle/index.ts'
import { argmaxRows, type Estimator, type Prediction, type ReadEstimator, type Scores } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import { labelsOf } from './labels.ts'
import { addLeaves, type PackedTrees, packNodes, type TreeNodes } from './packed-trees.ts'
import { expit, softmaxRows, twoColumns } from './probability.ts'
import {
  arrayOf,
  type EstimatorRecord,
  featureCountOf,
  integerOf,
  listOf,
  numbersIn,
  numbersOf,
  optional,
  partState,
  required,
  unreadable,
} from './record.ts'
import { checkWidth, type Matrix, type Table, toMatrix } from './table.ts'

/** What categorical splits need beside the packed nodes. Sets are 256 bits, as 8 words each. */
interface CategorySplits {
  /** For each packed node the index of its set in `leftBits`, -1 where it splits numbers. */
  readonly sets: Int32Array
  /** The categories that go left. */
  readonly leftBits: Uint32Array
  /** For each feature the categories that training saw; another one goes where missing values go. */
  readonly knownBits: Uint32Array
}

interface HistBoosting {
  readonly outputs: number
  readonly baseline: Float64Array
  /** Tree i adds to output i modulo `outputs`. */
  readonly trees: PackedTrees
  readonly splits: CategorySplits | undefined
  readonly prepare: (input: Table) => Matrix
}

/** A TreePredictor with its sets. */
interface HistTree extends TreeNodes {
  readonly sets: Int32Array
  readonly leftBits: Uint32Array
}

const wordsPerSet = 8

export function readHistGradientBoostingRegressor(record: EstimatorRecord, read: ReadEstimator): Estimator {
  const boosting = boostingOf(record, read, 1)
  const loss = optional(record, 'loss')
  const isLog = loss === 'poisson' || loss === 'gamma'
  return {
    className: record.className,
    featureCount: featureCountOf(record),
    featureNames: featureNamesOf(record),
    predictor: {
      outcome: { kind: 'numbers', width: undefined, datatype: 'FP64' },
      predict: (input) => {
        const { data } = sumTrees(boosting, input)
        return isLog ? data.map(Math.exp) : data
      },
    },
  }
}

export function readHistGradientBoostingClassifier(record: EstimatorRecord, read: ReadEstimator): Estimator {
  const classes = labelsOf(record)
  const count = classes.values.length
  const boosting = boostingOf(record, read, count === 2 ? 1 : count)
  const decide = (input: Table): Scores => sumTrees(boosting, input)
  const choose = (raw: Scores): Prediction =>
    count === 2 ? Int32Array.from(raw.data, (value) => (value > 0 ? 1 : 0)) : argmaxRows(raw)
  return {
    className: record.className,
    featureCount: featureCountOf(record),
    featureNames: featureNamesOf(record),
    predictor: {
      outcome: { kind: 'labels', classes: [classes], isWide: false },
      predict: (input) => choose(decide(input)),
      predictProba: (input) => {
        const raw = decide(input)
        return [count === 2 ? twoColumns(raw.data.map(expit)) : softmaxRows(raw)]
      },
      decide,
    },
  }
}

function boostingOf(record: EstimatorRecord, read: ReadEstimator, outputs: number): HistBoosting {
  const featureCount = featureCountOf(record) ?? integerOf(record, 'n_features_in_')
  const baseline = numbersOf(record, '_baseline_prediction').data
  if (baseline.length !== outputs) return unreadable(record, `has ${baseline.length} baselines for ${outputs} outputs`)
  const parts = listOf(record, '_predictors').flatMap((round, index) => {
    if (!Array.isArray(round) || round.length !== outputs) {
      return unreadable(record, `has _predictors[${index}] of an unknown form`)
    }
    return round.map((tree, output) => treeOf(partState(record, `_predictors[${index}][${output}]`, tree)))
  })
  const trees = packNodes(parts, featureCount, (tree, what) => unreadable(record, `has a tree ${tree} that ${what}`))
  return { outputs, baseline, trees, splits: splitsOf(record, parts, featureCount), prepare: prepareOf(record, read) }
}

/** Since 1.4 a ColumnTransformer encodes categories and moves their columns to the front. */
function prepareOf(record: EstimatorRecord, read: ReadEstimator): (input: Table) => Matrix {
  const expected = { className: record.className, featureCount: featureCountOf(record) }
  const preprocessor = optional(record, '_preprocessor')
  if (preprocessor === undefined) return (input) => toMatrix(input, expected)
  const { transform } = read(preprocessor, `${record.path}._preprocessor`)
  if (!transform) return unreadable(record, 'has a _preprocessor that transforms nothing')
  return (input) => {
    checkWidth(input, expected)
    return toMatrix(transform(input), { ...expected, featureCount: undefined })
  }
}

function treeOf(record: EstimatorRecord): HistTree {
  const nodes = arrayOf(record, 'nodes')
  const count = nodes.shape[0] ?? 0
  const bits = optional(record, 'raw_left_cat_bitsets')
  const words = isNdArray(bits) ? numericElements(bits) : undefined
  record.budget.charge(count * 80 + (words?.byteLength ?? 0))
  const isLeaf = columnOf(record, nodes, 'is_leaf')
  const left = Float64Array.from(numbersFrom(columnOf(record, nodes, 'left')))
  for (let node = 0; node < count; node++) if (isLeaf[node]) left[node] = -1
  const isCategorical = fieldElements(nodes, 'is_categorical')
  const bitset = fieldElements(nodes, 'bitset_idx')
  const sets = new Int32Array(count).fill(-1)
  for (let node = 0; node < count; node++)
    if (isCategorical?.[node] && !isLeaf[node]) sets[node] = Number(bitset?.[node])
  if (count === 0) return unreadable(record, 'has no nodes')
  return {
    count,
    width: 1,
    left,
    right: columnOf(record, nodes, 'right'),
    feature: columnOf(record, nodes, 'feature_idx'),
    threshold: fieldElements(nodes, 'num_threshold') ?? columnOf(record, nodes, 'threshold'),
    missingGoesLeft: columnOf(record, nodes, 'missing_go_to_left'),
    values: numbersFrom(columnOf(record, nodes, 'value')),
    sets,
    leftBits: words instanceof Uint32Array ? words : new Uint32Array(0),
  }
}

const columnOf = (record: EstimatorRecord, nodes: NdArray, name: string): NumericArray =>
  fieldElements(nodes, name) ?? unreadable(record, `has nodes without ${name}`)

const numbersFrom = (column: NumericArray): ArrayLike<number> =>
  column instanceof BigInt64Array || column instanceof BigUint64Array ? Float64Array.from(column, Number) : column

/** The sets of all trees in one array. */
function splitsOf(
  record: EstimatorRecord,
  trees: readonly HistTree[],
  featureCount: number,
): CategorySplits | undefined {
  if (!trees.some(({ sets }) => sets.some((set) => set >= 0))) return undefined
  const sets = new Int32Array(trees.reduce((sum, tree) => sum + tree.count, 0))
  const leftBits = new Uint32Array(trees.reduce((sum, tree) => sum + tree.leftBits.length, 0))
  let node = 0
  let word = 0
  for (const tree of trees) {
    const first = word / wordsPerSet
    sets.set(
      tree.sets.map((set) => (set < 0 ? -1 : set + first)),
      node,
    )
    leftBits.set(tree.leftBits, word)
    node += tree.count
    word += tree.leftBits.length
  }
  return { sets, leftBits, knownBits: knownBitsOf(record, featureCount) }
}

/** A category that training never saw goes where missing values go; the bin mapper knows which it saw. */
function knownBitsOf(record: EstimatorRecord, featureCount: number): Uint32Array {
  const mapper = optional(record, '_bin_mapper')
  const mask = isObject(mapper) ? optional(partState(record, '_bin_mapper', mapper), 'is_categorical_') : undefined
  const flags = mask === undefined ? undefined : numbersIn(record, 'is_categorical_', mask).data
  if (!flags?.some((flag) => flag !== 0)) return new Uint32Array(0)
  record.budget.charge(featureCount * wordsPerSet * 4)
  const bits = new Uint32Array(featureCount * wordsPerSet)
  const part = partState(record, '_bin_mapper', required(record, '_bin_mapper'))
  for (const [feature, categories] of listOf(part, 'bin_thresholds_').entries()) {
    if (flags[feature] !== 1 || feature >= featureCount) continue
    for (const category of numbersIn(part, 'bin_thresholds_', categories).data) {
      const word = feature * wordsPerSet + ((category & 255) >> 5)
      bits[word] = (bits[word] ?? 0) | (1 << (category & 31))
    }
  }
  return bits
}

function sumTrees({ outputs, baseline, trees, splits, prepare }: HistBoosting, input: Table): Scores {
  const matrix = prepare(input)
  const { rows, columns, data: cells } = matrix
  const data = new Float64Array(rows * outputs)
  for (let row = 0; row < rows; row++) data.set(baseline, row * outputs)
  if (!splits) {
    addLeaves(trees, matrix, data, outputs, 1)
    return { rows, columns: outputs, data }
  }
  for (const [tree, root] of trees.roots.entries()) {
    for (let row = 0; row < rows; row++) {
      const at = row * outputs + (tree % outputs)
      const slot = findCategoryLeaf(trees, splits, root, cells, row * columns)
      data[at] = (data[at] as number) + (trees.leaves[slot] as number)
    }
  }
  return { rows, columns: outputs, data }
}

/** `findLeaf` of packed-trees.ts for trees that also split categories. */
function findCategoryLeaf(
  { links, thresholds }: PackedTrees,
  splits: CategorySplits,
  root: number,
  cells: Float64Array,
  start: number,
): number {
  let node = root
  for (;;) {
    const at = node * 4
    const feature = links[at] as number
    if (feature < 0) return links[at + 1] as number
    const value = cells[start + feature] as number
    const side = Number.isNaN(value) ? undefined : sideOf(splits, node, feature, value, thresholds[node] as number)
    const goesLeft = side ?? links[at + 3] !== 0
    node = links[at + (goesLeft ? 1 : 2)] as number
  }
}

/**
 * Whether a value goes left; undefined where it counts as missing. Categories are whole numbers below 256, a negative
 * number is none, and one that training never saw is missing too.
 */
function sideOf(
  { sets, leftBits, knownBits }: CategorySplits,
  node: number,
  feature: number,
  value: number,
  threshold: number,
): boolean | undefined {
  const set = sets[node] as number
  if (set < 0) return value <= threshold
  if (value < 0) return undefined
  const category = Math.trunc(value) & 255
  if (isBitSet(leftBits, set, category)) return true
  return isBitSet(knownBits, feature, category) ? false : undefined
}

const isBitSet = (bits: Uint32Array, set: number, category: number): boolean =>
  (((bits[set * wordsPerSet + (category >> 5)] ?? 0) >>> (category & 31)) & 1) === 1
