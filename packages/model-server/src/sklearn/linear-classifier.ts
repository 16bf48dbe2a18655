import { argmaxRows, type Estimator, type Prediction, type Scores } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import { type Labels, labelsOf } from './labels.ts'
import { applyLinear, type LinearMap, linearMapOf, toScores } from './linear.ts'
import { expit, normalizeRows, softmaxRows, twoColumns } from './probability.ts'
import { type EstimatorRecord, isBefore, optional, partState, required, textOf, unreadable } from './record.ts'
import type { Table } from './table.ts'

/** Turns decision values into probabilities: one column for two classes, else one for each class. */
type ToProbabilities = (decision: Scores) => Scores

/** LinearSVC, Perceptron, PassiveAggressiveClassifier: classes without probabilities. */
export const readLinearClassifier = (record: EstimatorRecord): Estimator =>
  linearClassifier(record, labelsOf(record), undefined)

/** RidgeClassifier keeps its classes in its label binarizer. */
export function readRidgeClassifier(record: EstimatorRecord): Estimator {
  const binarizer = partState(record, '_label_binarizer', required(record, '_label_binarizer'))
  const kind = optional(binarizer, 'y_type_')
  if (typeof kind === 'string' && kind.startsWith('multilabel')) {
    return unreadable(
      record,
      'was trained for several labels of one row at a time: train one classifier for each label',
    )
  }
  return linearClassifier(record, labelsOf(binarizer), undefined)
}

export const readLogisticRegression = (record: EstimatorRecord): Estimator =>
  linearClassifier(record, labelsOf(record), isOneVsRest(record) ? oneVsRest : multinomial)

/** LinearDiscriminantAnalysis: logistic for two classes, softmax for more. */
export const readLinearDiscriminantAnalysis = (record: EstimatorRecord): Estimator =>
  linearClassifier(record, labelsOf(record), (decision) =>
    decision.columns === 1 ? oneVsRest(decision) : softmaxRows(decision),
  )

/** SGDClassifier has probabilities for two of its losses; log_loss was called log before 1.1. */
export function readSgdClassifier(record: EstimatorRecord): Estimator {
  const loss = textOf(record, 'loss')
  const isLog = loss === 'log_loss' || loss === 'log'
  const probabilities = isLog ? oneVsRest : loss === 'modified_huber' ? modifiedHuber : undefined
  return linearClassifier(record, labelsOf(record), probabilities)
}

function linearClassifier(record: EstimatorRecord, classes: Labels, probabilities?: ToProbabilities): Estimator {
  const map = linearMapOf(record)
  const count = classes.values.length
  if (map.outputs !== (count === 2 ? 1 : count)) {
    return unreadable(record, `has ${map.outputs} rows of coef_ for ${count} classes`)
  }
  const decide = (input: Table): Scores => decisionOf(map, input)
  return {
    className: record.className,
    featureCount: map.featureCount,
    featureNames: featureNamesOf(record),
    predictor: {
      outcome: { kind: 'labels', classes: [classes], isWide: false },
      predict: (input) => classify(decide(input)),
      predictProba: probabilities && ((input) => [probabilities(decide(input))]),
      decide,
    },
  }
}

const decisionOf = (map: LinearMap, input: Table): Scores => toScores(applyLinear(map, input))

/** Two classes have one decision value: the second class where it is above zero. */
function classify(decision: Scores): Prediction {
  return decision.columns === 1 ? Int32Array.from(decision.data, (value) => (value > 0 ? 1 : 0)) : argmaxRows(decision)
}

/**
 * Which of its two models LogisticRegression trained. Since 1.8 there is no `multi_class`: two classes are logistic, more
 * are multinomial. Before, 'auto' (called 'deprecated' from 1.5 on) depended on the solver too.
 */
function isOneVsRest(record: EstimatorRecord): boolean {
  const choice = optional(record, 'multi_class')
  const isBinary = labelsOf(record).values.length <= 2
  if (choice === undefined) return isBinary
  if (choice === 'ovr' || choice === 'warn') return true
  if (choice !== 'auto' && choice !== 'deprecated') return false
  const solver = optional(record, 'solver')
  return isBinary || solver === 'liblinear' || (solver === 'newton-cholesky' && isBefore(record, 1, 6))
}

function oneVsRest(decision: Scores): Scores {
  const shares = decision.data.map(expit)
  return decision.columns === 1 ? twoColumns(shares) : normalizeRows({ ...decision, data: shares })
}

/** A multinomial model of two classes has one decision value d, which stands for [-d, d]. */
function multinomial(decision: Scores): Scores {
  if (decision.columns !== 1) return softmaxRows(decision)
  const data = new Float64Array(decision.rows * 2)
  for (let row = 0; row < decision.rows; row++) {
    data[2 * row] = -(decision.data[row] ?? 0)
    data[2 * row + 1] = decision.data[row] ?? 0
  }
  return softmaxRows({ rows: decision.rows, columns: 2, data })
}

function modifiedHuber(decision: Scores): Scores {
  const shares = decision.data.map((value) => (Math.min(1, Math.max(-1, value)) + 1) / 2)
  return decision.columns === 1 ? twoColumns(shares) : normalizeRows({ ...decision, data: shares })
}
