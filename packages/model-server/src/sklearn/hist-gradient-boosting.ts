import {
  fieldElements,
  isNdArray,
  isObject,
  type NdArray,
  type NumericArray,
  numericElements,
} from '../pickle/index.ts'
import { argmaxRows, type Estimator, type Prediction, type Scores } from './estimator.ts'
import type { ReadEstimator } from './estimators.ts'
import { featureNamesOf } from './feature-names.ts'
import { labelsOf } from './labels.ts'
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

/** One tree of a TreePredictor, checked. Fields are columns over its nodes. */
interface HistTree {
  readonly value: NumericArray
  readonly feature: NumericArray
  readonly threshold: NumericArray
  readonly left: NumericArray
  readonly right: NumericArray
  readonly missingGoesLeft: NumericArray
  readonly isLeaf: NumericArray
  /** Versions since 0.24: nodes that split a category set. */
  readonly isCategorical: NumericArray | undefined
  readonly bitset: NumericArray | undefined
  /** 256 bits (8 words) for each categorical split: the categories that go left. */
  readonly leftBits: Uint32Array
}

interface HistBoosting {
  readonly outputs: number
  readonly baseline: Float64Array
  /** Tree i adds to output i modulo `outputs`. */
  readonly trees: readonly HistTree[]
  /** 8 words for each feature: the categories seen in training. Empty without categorical features. */
  readonly knownBits: Uint32Array
  readonly prepare: (input: Table) => Matrix
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
  const trees = listOf(record, '_predictors').flatMap((round, index) => {
    if (!Array.isArray(round) || round.length !== outputs) {
      return unreadable(record, `has _predictors[${index}] of an unknown form`)
    }
    return round.map((tree, output) =>
      treeOf(partState(record, `_predictors[${index}][${output}]`, tree), featureCount),
    )
  })
  return { outputs, baseline, trees, knownBits: knownBitsOf(record, featureCount), prepare: prepareOf(record, read) }
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

function treeOf(record: EstimatorRecord, featureCount: number): HistTree {
  const nodes = arrayOf(record, 'nodes')
  const count = nodes.shape[0] ?? 0
  const bits = optional(record, 'raw_left_cat_bitsets')
  const tree: HistTree = {
    value: columnOf(record, nodes, 'value'),
    feature: columnOf(record, nodes, 'feature_idx'),
    threshold: fieldElements(nodes, 'num_threshold') ?? columnOf(record, nodes, 'threshold'),
    left: columnOf(record, nodes, 'left'),
    right: columnOf(record, nodes, 'right'),
    missingGoesLeft: columnOf(record, nodes, 'missing_go_to_left'),
    isLeaf: columnOf(record, nodes, 'is_leaf'),
    isCategorical: fieldElements(nodes, 'is_categorical'),
    bitset: fieldElements(nodes, 'bitset_idx'),
    leftBits: (isNdArray(bits) ? wordsOf(bits) : undefined) ?? new Uint32Array(0),
  }
  record.budget.charge(count * 48)
  for (let node = 0; node < count; node++) {
    if (tree.isLeaf[node]) continue
    const [left, right] = [Number(tree.left[node]), Number(tree.right[node])]
    const feature = Number(tree.feature[node])
    if (!(left > node && right > node && left < count && right < count && feature >= 0 && feature < featureCount)) {
      return unreadable(record, `is corrupt: node ${node} splits feature ${feature} into ${left} and ${right}`)
    }
  }
  return count > 0 ? tree : unreadable(record, 'has no nodes')
}

const wordsOf = (bits: NdArray): Uint32Array | undefined => {
  const words = numericElements(bits)
  return words instanceof Uint32Array ? words : undefined
}

const columnOf = (record: EstimatorRecord, nodes: NdArray, name: string): NumericArray =>
  fieldElements(nodes, name) ?? unreadable(record, `has nodes without ${name}`)

/** A category that training never saw goes where missing values go; the bin mapper knows which it saw. */
function knownBitsOf(record: EstimatorRecord, featureCount: number): Uint32Array {
  const mapper = optional(record, '_bin_mapper')
  const mask = isObject(mapper) ? optional(partState(record, '_bin_mapper', mapper), 'is_categorical_') : undefined
  const flags = mask === undefined ? undefined : numbersIn(record, 'is_categorical_', mask).data
  if (!flags?.some((flag) => flag !== 0)) return new Uint32Array(0)
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

function sumTrees({ outputs, baseline, trees, knownBits, prepare }: HistBoosting, input: Table): Scores {
  const { rows, columns, data: cells } = prepare(input)
  const data = new Float64Array(rows * outputs)
  for (let row = 0; row < rows; row++) data.set(baseline, row * outputs)
  for (const [index, tree] of trees.entries()) {
    for (let row = 0; row < rows; row++) {
      const at = row * outputs + (index % outputs)
      data[at] = (data[at] as number) + Number(tree.value[findLeaf(tree, cells, row * columns, knownBits)])
    }
  }
  return { rows, columns: outputs, data }
}

function findLeaf(tree: HistTree, cells: Float64Array, start: number, knownBits: Uint32Array): number {
  let node = 0
  while (!tree.isLeaf[node]) {
    const feature = Number(tree.feature[node])
    const value = cells[start + feature] as number
    const goesLeft = tree.isCategorical?.[node]
      ? categoryGoesLeft(tree, node, value, feature, knownBits)
      : Number.isNaN(value)
        ? tree.missingGoesLeft[node] !== 0
        : value <= Number(tree.threshold[node])
    node = Number(goesLeft ? tree.left[node] : tree.right[node])
  }
  return node
}

/** Categories are whole numbers below 256; anything else, and what training never saw, counts as missing. */
function categoryGoesLeft(
  tree: HistTree,
  node: number,
  value: number,
  feature: number,
  knownBits: Uint32Array,
): boolean {
  if (!(value >= 0)) return tree.missingGoesLeft[node] !== 0
  const category = Math.trunc(value) & 255
  if (isBitSet(tree.leftBits, Number(tree.bitset?.[node] ?? 0), category)) return true
  return isBitSet(knownBits, feature, category) ? false : tree.missingGoesLeft[node] !== 0
}

const isBitSet = (bits: Uint32Array, set: number, category: number): boolean =>
  (((bits[set * wordsPerSet + (category >> 5)] ?? 0) >>> (category & 31)) & 1) === 1
