import { isObject, type PyValue } from '../pickle/index.ts'
import { argmaxRows, type Estimator, type Prediction, type Scores } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import { type Labels, labelListOf } from './labels.ts'
import { averageLeaves, type PackedTrees, packTrees } from './packed-trees.ts'
import {
  createRecord,
  type EstimatorRecord,
  featureCountOf,
  integerOf,
  isBefore,
  listOf,
  optional,
  partState,
  required,
  unreadable,
} from './record.ts'
import { type Matrix, type Table, toSingleMatrix } from './table.ts'

/** DecisionTreeClassifier and ExtraTreeClassifier: a forest of one. */
export const readTreeClassifier = (record: EstimatorRecord): Estimator =>
  classifierOf(record, [record], treeTakesMissing(record))

/** DecisionTreeRegressor and ExtraTreeRegressor. */
export const readTreeRegressor = (record: EstimatorRecord): Estimator =>
  regressorOf(record, [record], treeTakesMissing(record))

/** RandomForestClassifier and ExtraTreesClassifier: the mean of the trees' probabilities. */
export function readForestClassifier(record: EstimatorRecord): Estimator {
  const trees = treesOf(record, listOf(record, 'estimators_'))
  return classifierOf(record, trees, forestTakesMissing(record, trees))
}

/** RandomForestRegressor and ExtraTreesRegressor: the mean of the trees' values. */
export function readForestRegressor(record: EstimatorRecord): Estimator {
  const trees = treesOf(record, listOf(record, 'estimators_'))
  return regressorOf(record, trees, forestTakesMissing(record, trees))
}

/** The single trees of an ensemble, as records of their own. */
export function treesOf(record: EstimatorRecord, values: readonly PyValue[]): readonly EstimatorRecord[] {
  if (values.length === 0) return unreadable(record, 'has no trees: fit the model before it is saved')
  return values.map((value, index) => {
    if (!isObject(value)) return unreadable(record, `has something else than a tree as estimators_[${index}]`)
    return createRecord(value, `${record.path}.estimators_[${index}]`, record.budget)
  })
}

/** Packs the `tree_` of each of these estimators. */
export function packEstimators(trees: readonly EstimatorRecord[], featureCount: number): PackedTrees {
  return packTrees(
    trees.map((tree) => partState(tree, 'tree_', required(tree, 'tree_'))),
    featureCount,
  )
}

function classifierOf(record: EstimatorRecord, trees: readonly EstimatorRecord[], takesMissing: boolean): Estimator {
  const classes = labelListOf(record)
  const featureCount = widthOf(record, trees)
  const packed = packEstimators(trees, featureCount)
  const widest = packed.width / classes.length
  if (!classes.every((labels) => labels.values.length <= widest && labels.values.length > 0)) {
    return unreadable(record, `has ${packed.width} values a leaf for ${classes.length} outputs`)
  }
  if (isBefore(record, 1, 5)) normalizeLeaves(packed, widest)
  const predictProba = (input: Table): readonly Scores[] => {
    const matrix = toSingleMatrix(input, { className: record.className, featureCount }, takesMissing)
    return splitOutputs(averageLeaves(packed, matrix), matrix.rows, widest, classes)
  }
  return {
    className: record.className,
    featureCount,
    featureNames: featureNamesOf(record),
    predictor: {
      outcome: { kind: 'labels', classes, isWide: classes.length > 1 },
      predict: (input) => interleave(predictProba(input).map(argmaxRows)),
      predictProba,
    },
  }
}

function regressorOf(record: EstimatorRecord, trees: readonly EstimatorRecord[], takesMissing: boolean): Estimator {
  const featureCount = widthOf(record, trees)
  const packed = packEstimators(trees, featureCount)
  return {
    className: record.className,
    featureCount,
    featureNames: featureNamesOf(record),
    predictor: {
      outcome: { kind: 'numbers', width: packed.width > 1 ? packed.width : undefined, datatype: 'FP64' },
      predict: (input) => {
        const matrix: Matrix = toSingleMatrix(input, { className: record.className, featureCount }, takesMissing)
        return averageLeaves(packed, matrix)
      },
    },
  }
}

/** Up to 1.3 leaves hold weighted counts, and each tree divides them by their sum; later they hold shares. */
function normalizeLeaves({ leaves }: PackedTrees, classes: number): void {
  for (let start = 0; start < leaves.length; start += classes) {
    let sum = 0
    for (let i = start; i < start + classes; i++) sum += leaves[i] ?? 0
    if (sum === 0) continue
    for (let i = start; i < start + classes; i++) leaves[i] = (leaves[i] ?? 0) / sum
  }
}

/** Outputs with fewer classes than the widest are padded in the leaves. */
function splitOutputs(
  means: Float64Array,
  rows: number,
  widest: number,
  classes: readonly Labels[],
): readonly Scores[] {
  if (classes.length === 1) return [{ rows, columns: widest, data: means }]
  return classes.map((labels, output) => {
    const columns = labels.values.length
    const data = new Float64Array(rows * columns)
    for (let row = 0; row < rows; row++) {
      const from = (row * classes.length + output) * widest
      data.set(means.subarray(from, from + columns), row * columns)
    }
    return { rows, columns, data }
  })
}

function interleave(outputs: readonly Int32Array[]): Prediction {
  const [first] = outputs
  if (outputs.length === 1 && first) return first
  const rows = first?.length ?? 0
  const result = new Int32Array(rows * outputs.length)
  for (const [index, output] of outputs.entries()) {
    for (let row = 0; row < rows; row++) result[row * outputs.length + index] = output[row] ?? 0
  }
  return result
}

function widthOf(record: EstimatorRecord, trees: readonly EstimatorRecord[]): number {
  const count = featureCountOf(record) ?? (trees[0] && featureCountOf(trees[0]))
  return count ?? integerOf(record, 'n_features_in_')
}

const criteriaForMissing = new Set(['gini', 'log_loss', 'entropy', 'squared_error', 'friedman_mse', 'poisson'])

/**
 * Whether NaN is a value that this tree can split on. Since 1.3 for the best splitter, since 1.6 for the random one too;
 * before 1.9 only with some criteria and without monotonic constraints.
 */
function treeTakesMissing(record: EstimatorRecord): boolean {
  if (isBefore(record, 1, 3)) return false
  const isExtra = record.className.startsWith('Extra')
  const splitter = optional(record, 'splitter')
  if (isExtra) return !isBefore(record, 1, 6) && splitter === 'random'
  if (!isBefore(record, 1, 9)) return true
  const isSplitterFit = splitter === 'best' || (splitter === 'random' && !isBefore(record, 1, 6))
  const criterion = optional(record, 'criterion')
  return (
    isSplitterFit &&
    typeof criterion === 'string' &&
    criteriaForMissing.has(criterion) &&
    optional(record, 'monotonic_cst') === undefined
  )
}

/** Forests let NaN through to their trees since 1.4. */
const forestTakesMissing = (record: EstimatorRecord, [tree]: readonly EstimatorRecord[]): boolean =>
  !isBefore(record, 1, 4) && tree !== undefined && treeTakesMissing(tree)
