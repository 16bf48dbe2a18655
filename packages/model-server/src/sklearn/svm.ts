import { argmaxRows, type Estimator, type Prediction, type Scores } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import { type Labels, labelsOf } from './labels.ts'
import { type EstimatorRecord, flagOf, numbersOf, optional, partState, required, unreadable } from './record.ts'
import { isSparse } from './sparse.ts'
import { type SupportVectors, supportVectorsOf } from './svm-kernel.ts'
import { coupleProbabilities } from './svm-probability.ts'
import { createMatrix, type Table, toFiniteMatrix } from './table.ts'

/** A trained libsvm classifier. The names are scikit-learn's attributes of the same meaning. */
interface PairwiseMachine {
  readonly className: string
  readonly featureCount: number
  readonly classes: number
  readonly vectors: SupportVectors
  /** Where each class's support vectors begin; one more entry ends the last. */
  readonly starts: Int32Array
  /** (classes - 1) × support vectors. */
  readonly dual: Float64Array
  readonly intercepts: Float64Array
}

/** SVC and NuSVC. */
export function readSvc(record: EstimatorRecord): Estimator {
  const classes = labelsOf(record)
  const machine = pairwiseMachineOf(record, classes)
  const platt = plattOf(record, machine.classes)
  const isTieBroken =
    flagOf(record, 'break_ties') && optional(record, 'decision_function_shape') === 'ovr' && machine.classes > 2
  return {
    className: record.className,
    featureCount: machine.featureCount,
    featureNames: featureNamesOf(record),
    predictor: {
      outcome: { kind: 'labels', classes: [classes], isWide: false },
      predict: (input) => (isTieBroken ? argmaxRows(decide(machine, input)) : vote(machine, input)),
      predictProba: platt && ((input) => [probabilities(machine, platt, input)]),
      decide: (input) => decide(machine, input),
    },
  }
}

/** SVR and NuSVR: the weighted sum of kernels. */
export function readSvr(record: EstimatorRecord): Estimator {
  const evaluate = regressionOf(record)
  return {
    className: record.className,
    featureCount: evaluate.featureCount,
    featureNames: featureNamesOf(record),
    predictor: { outcome: { kind: 'numbers', width: undefined, datatype: 'FP64' }, predict: evaluate.predict },
  }
}

/** OneClassSVM: 1 for rows like the training data, -1 for others. */
export function readOneClassSvm(record: EstimatorRecord): Estimator {
  const evaluate = regressionOf(record)
  return {
    className: record.className,
    featureCount: evaluate.featureCount,
    featureNames: featureNamesOf(record),
    predictor: {
      outcome: { kind: 'numbers', width: undefined, datatype: 'INT64' },
      predict: (input) => evaluate.predict(input).map((value) => (value > 0 ? 1 : -1)),
    },
  }
}

function regressionOf(record: EstimatorRecord): {
  readonly featureCount: number
  readonly predict: (input: Table) => Float64Array
} {
  const vectors = supportVectorsOf(record)
  const { featureCount } = vectors
  const dual = dualOf(record, vectors.count)
  const intercept = numbersOf(record, '_intercept_', 'intercept_').data[0] ?? 0
  const predict = (input: Table): Float64Array => {
    const { data, rows } = toFiniteMatrix(input, { className: record.className, featureCount })
    const values = new Float64Array(vectors.count)
    const result = new Float64Array(rows)
    for (let row = 0; row < rows; row++) {
      vectors.kernel(data, row, values)
      let sum = 0
      for (let i = 0; i < values.length; i++) sum += (dual[i] ?? 0) * (values[i] ?? 0)
      result[row] = sum + intercept
    }
    return result
  }
  return { featureCount, predict }
}

function pairwiseMachineOf(record: EstimatorRecord, labels: Labels): PairwiseMachine {
  const classes = labels.values.length
  const vectors = supportVectorsOf(record)
  const counts = numbersOf(record, '_n_support', 'n_support_').data
  const starts = new Int32Array(classes + 1)
  for (let i = 0; i < classes; i++) starts[i + 1] = (starts[i] ?? 0) + (counts[i] ?? 0)
  const isCount = (count: number): boolean => Number.isInteger(count) && count >= 0 && count <= vectors.count
  if (counts.length !== classes || !counts.every(isCount) || starts[classes] !== vectors.count) {
    return unreadable(record, `has ${vectors.count} support vectors, and n_support_ says otherwise: it was altered`)
  }
  const dual = dualOf(record, vectors.count * Math.max(classes - 1, 1))
  const intercepts = numbersOf(record, '_intercept_', 'intercept_').data
  if (intercepts.length !== (classes * (classes - 1)) / 2) {
    return unreadable(record, `has ${intercepts.length} intercepts for ${classes} classes`)
  }
  const { className } = record
  return { className, featureCount: vectors.featureCount, classes, vectors, starts, dual, intercepts }
}

/** `_dual_coef_` is libsvm's own; the public one has its sign turned for two classes. */
function dualOf(record: EstimatorRecord, length: number): Float64Array {
  const name = optional(record, '_dual_coef_') === undefined ? 'dual_coef_' : '_dual_coef_'
  const value = required(record, name)
  const { data } = isSparse(value) ? numbersOf(partState(record, name, value), 'data') : numbersOf(record, name)
  return data.length === length ? data : unreadable(record, `has ${data.length} dual coefficients, ${length} are due`)
}

/** Calls `visit` for each row with the decision values of all pairs of classes (0,1), (0,2) … (1,2) … */
function eachRow(
  machine: PairwiseMachine,
  input: Table,
  visit: (row: number, decisions: Float64Array) => void,
): number {
  const { data, rows } = toFiniteMatrix(input, machine)
  const { vectors, starts, dual, intercepts, classes } = machine
  const kernels = new Float64Array(vectors.count)
  const decisions = new Float64Array(intercepts.length)
  const sumOf = (coefficients: number, group: number): number => {
    let sum = 0
    const offset = coefficients * vectors.count
    for (let k = starts[group] ?? 0; k < (starts[group + 1] ?? 0); k++)
      sum += (dual[offset + k] ?? 0) * (kernels[k] ?? 0)
    return sum
  }
  for (let row = 0; row < rows; row++) {
    vectors.kernel(data, row, kernels)
    let pair = 0
    for (let i = 0; i < classes; i++) {
      for (let j = i + 1; j < classes; j++, pair++) {
        decisions[pair] = sumOf(j - 1, i) + sumOf(i, j) + (intercepts[pair] ?? 0)
      }
    }
    visit(row, decisions)
  }
  return rows
}

/** Each pair of classes has a vote; the first class with most votes wins, as in libsvm. */
function vote(machine: PairwiseMachine, input: Table): Prediction {
  const { classes } = machine
  const winners: number[] = []
  const votes = new Int32Array(classes)
  eachRow(machine, input, (_row, decisions) => {
    votes.fill(0)
    let pair = 0
    for (let i = 0; i < classes; i++) {
      for (let j = i + 1; j < classes; j++, pair++) {
        const winner = (decisions[pair] ?? 0) > 0 ? i : j
        votes[winner] = (votes[winner] ?? 0) + 1
      }
    }
    winners.push(votes.indexOf(Math.max(...votes)))
  })
  return Int32Array.from(winners)
}

/** One column for two classes; else scikit-learn's one-vs-rest values: votes, plus confidences squeezed below 1/3. */
function decide(machine: PairwiseMachine, input: Table): Scores {
  const { classes } = machine
  const columns = classes === 2 ? 1 : classes
  const { data } = createMatrix(input.rows, columns)
  const confidences = new Float64Array(classes)
  const rows = eachRow(machine, input, (row, decisions) => {
    if (classes === 2) {
      data[row] = -(decisions[0] ?? 0)
      return
    }
    confidences.fill(0)
    let pair = 0
    for (let i = 0; i < classes; i++) {
      for (let j = i + 1; j < classes; j++, pair++) {
        const confidence = -(decisions[pair] ?? 0)
        confidences[i] = (confidences[i] ?? 0) - confidence
        confidences[j] = (confidences[j] ?? 0) + confidence
        const winner = row * columns + (confidence > 0 ? j : i)
        data[winner] = (data[winner] ?? 0) + 1
      }
    }
    for (let i = 0; i < classes; i++) {
      const confidence = confidences[i] ?? 0
      data[row * columns + i] = (data[row * columns + i] ?? 0) + confidence / (3 * (Math.abs(confidence) + 1))
    }
  })
  return { rows, columns, data }
}

interface Platt {
  readonly a: Float64Array
  readonly b: Float64Array
}

/** The sigmoids that were fitted with probability=True; undefined without them. */
function plattOf(record: EstimatorRecord, classes: number): Platt | undefined {
  if (!flagOf(record, 'probability')) return undefined
  const a = numbersOf(record, '_probA', 'probA_').data
  const b = numbersOf(record, '_probB', 'probB_').data
  if (a.length === 0) return undefined
  const pairs = (classes * (classes - 1)) / 2
  return a.length === pairs && b.length === pairs
    ? { a, b }
    : unreadable(record, `has ${a.length} sigmoids, ${pairs} are due`)
}

function probabilities(machine: PairwiseMachine, { a, b }: Platt, input: Table): Scores {
  const { classes } = machine
  const { data } = createMatrix(input.rows, classes)
  const rows = eachRow(machine, input, (row, decisions) => {
    data.set(coupleProbabilities(decisions, a, b, classes), row * classes)
  })
  return { rows, columns: classes, data }
}
