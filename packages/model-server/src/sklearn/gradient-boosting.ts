import { isObject, type PyValue } from '../pickle/index.ts'
import { argmaxRows, type Estimator, type Prediction, type ReadEstimator, type Scores } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import { labelsOf } from './labels.ts'
import { addLeaves, type PackedTrees } from './packed-trees.ts'
import { expit, logit, softmaxRows, twoColumns } from './probability.ts'
import {
  type EstimatorRecord,
  featureCountOf,
  isBefore,
  listOf,
  numberOf,
  optional,
  textOf,
  unreadable,
} from './record.ts'
import { packEstimators, treesOf } from './tree-ensemble.ts'
import { type Matrix, type Table, toSingleMatrix } from './table.ts'

/** The sum of an initial model and of scaled trees: rows × outputs. */
interface Boosting {
  readonly className: string
  readonly featureCount: number
  readonly outputs: number
  readonly learningRate: number
  /** Tree i adds to output i modulo `outputs`. */
  readonly trees: PackedTrees
  readonly initial: (input: Matrix) => Float64Array
}

/** What the initial model's predictions become before trees are added: the loss's link function. */
type Link = (initial: Scores) => Float64Array

/** GradientBoostingRegressor: all its losses have the identity as link. */
export function readGradientBoostingRegressor(record: EstimatorRecord, read: ReadEstimator): Estimator {
  const boosting = boostingOf(record, read, 1, undefined)
  return {
    className: record.className,
    featureCount: boosting.featureCount,
    featureNames: featureNamesOf(record),
    predictor: {
      outcome: { kind: 'numbers', width: undefined, datatype: 'FP64' },
      predict: (input) => sumTrees(boosting, input).data,
    },
  }
}

/** GradientBoostingClassifier: one output for two classes, else one for each class. */
export function readGradientBoostingClassifier(record: EstimatorRecord, read: ReadEstimator): Estimator {
  const classes = labelsOf(record)
  const count = classes.values.length
  const isExponential = textOf(record, 'loss') === 'exponential'
  const link = linkOf(record, count, isExponential)
  const boosting = boostingOf(record, read, count === 2 ? 1 : count, link)
  const toProbabilities = (raw: Scores): Scores =>
    count === 2 ? twoColumns(raw.data.map((value) => expit(isExponential ? 2 * value : value))) : softmaxRows(raw)
  const decide = (input: Table): Scores => sumTrees(boosting, input)
  // Before 1.4 an exact tie went to the first class, since then to the second.
  const tie = isBefore(record, 1, 4) ? 0 : 1
  const choose = (raw: Scores): Prediction =>
    count === 2 ? Int32Array.from(raw.data, (value) => (value === 0 ? tie : value > 0 ? 1 : 0)) : argmaxRows(raw)
  return {
    className: record.className,
    featureCount: boosting.featureCount,
    featureNames: featureNamesOf(record),
    predictor: {
      outcome: { kind: 'labels', classes: [classes], isWide: false },
      predict: (input) => choose(decide(input)),
      predictProba: (input) => [toProbabilities(decide(input))],
      decide,
    },
  }
}

function boostingOf(record: EstimatorRecord, read: ReadEstimator, outputs: number, link: Link | undefined): Boosting {
  const estimators = treesOf(record, listOf(record, 'estimators_'))
  const featureCount = featureCountOf(record)
  if (featureCount === undefined) return unreadable(record, 'does not say how many features it was fitted on')
  if (estimators.length % outputs !== 0)
    return unreadable(record, `has ${estimators.length} trees for ${outputs} outputs`)
  const trees = packEstimators(estimators, featureCount)
  if (trees.width !== 1) return unreadable(record, `has trees with ${trees.width} values a leaf`)
  return {
    className: record.className,
    featureCount,
    outputs,
    learningRate: numberOf(record, 'learning_rate'),
    trees,
    initial: initialOf(record, read, outputs, link),
  }
}

/** `init_` is 'zero' or an estimator: a dummy with the training data's prior or mean, or the user's own. */
function initialOf(
  record: EstimatorRecord,
  read: ReadEstimator,
  outputs: number,
  link: Link | undefined,
): Boosting['initial'] {
  const init: PyValue | undefined = optional(record, 'init_')
  if (init === 'zero') return ({ rows }) => new Float64Array(rows * outputs)
  if (!isObject(init)) return unreadable(record, 'has no init_: fit the model before it is saved')
  const { predictor } = read(init, `${record.path}.init_`)
  if (!link) {
    if (predictor?.outcome.kind !== 'numbers') return unreadable(record, 'has an init_ that is no regressor')
    return (input) => Float64Array.from(predictor.predict(input))
  }
  const predictProba = predictor?.predictProba
  if (!predictProba) return unreadable(record, 'has an init_ without probabilities')
  return (input) => {
    const [shares] = predictProba(input)
    return link(shares ?? unreadable(record, 'has an init_ without probabilities'))
  }
}

function linkOf(record: EstimatorRecord, classes: number, isExponential: boolean): Link {
  const margin = isBefore(record, 1, 9) ? 2 ** -23 : Number.EPSILON
  const clip = (share: number): number => Math.min(1 - margin, Math.max(margin, share))
  if (classes === 2) {
    const factor = isExponential ? 0.5 : 1
    return ({ rows, columns, data }) => {
      const raw = new Float64Array(rows)
      for (let row = 0; row < rows; row++) raw[row] = factor * logit(clip(data[row * columns + 1] ?? 0))
      return raw
    }
  }
  const isCentered = !isBefore(record, 1, 4)
  return ({ rows, columns, data }) => {
    const raw = data.map((share) => Math.log(clip(share)))
    if (!isCentered) return raw
    for (let row = 0; row < rows; row++) {
      const cells = raw.subarray(row * columns, (row + 1) * columns)
      const mean = cells.reduce((sum, value) => sum + value, 0) / columns
      for (let i = 0; i < columns; i++) cells[i] = (cells[i] ?? 0) - mean
    }
    return raw
  }
}

function sumTrees({ className, featureCount, outputs, learningRate, trees, initial }: Boosting, input: Table): Scores {
  const matrix = toSingleMatrix(input, { className, featureCount }, false)
  const data = initial(matrix)
  addLeaves(trees, matrix, data, outputs, learningRate)
  return { rows: matrix.rows, columns: outputs, data }
}
