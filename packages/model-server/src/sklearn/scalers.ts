import type { Estimator } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import {
  type EstimatorRecord,
  featureCountOf,
  flagOf,
  numbersOf,
  optional,
  quoteText,
  textOf,
  unreadable,
} from './record.ts'
import { checkFinite, createMatrix, type Matrix, type Table, toMatrix } from './table.ts'

/** One step of arithmetic on the cell of a column. */
type Step = (value: number, column: number) => number

/** StandardScaler: minus mean, divided by standard deviation. */
export function readStandardScaler(record: EstimatorRecord): Estimator {
  const steps: Step[] = []
  if (flagOf(record, 'with_mean')) steps.push(minus(record, 'mean_'))
  if (flagOf(record, 'with_std')) steps.push(dividedBy(record, 'scale_'))
  return scaler(record, steps)
}

/** MinMaxScaler: times scale, plus min; with `clip`, held inside the range. */
export function readMinMaxScaler(record: EstimatorRecord): Estimator {
  const scale = columnsOf(record, 'scale_')
  const shift = columnsOf(record, 'min_')
  const steps: Step[] = [
    (value, column) => value * (scale[column] ?? 0),
    (value, column) => value + (shift[column] ?? 0),
  ]
  if (flagOf(record, 'clip')) steps.push(clipTo(record, numbersOf(record, 'feature_range').data))
  return scaler(record, steps)
}

/** MaxAbsScaler: divided by the largest absolute value; `clip` exists since 1.7. */
export function readMaxAbsScaler(record: EstimatorRecord): Estimator {
  const steps = [dividedBy(record, 'scale_')]
  if (flagOf(record, 'clip')) steps.push(clipTo(record, Float64Array.of(-1, 1)))
  return scaler(record, steps)
}

/** RobustScaler: minus median, divided by a range of quantiles. */
export function readRobustScaler(record: EstimatorRecord): Estimator {
  const steps: Step[] = []
  if (flagOf(record, 'with_centering')) steps.push(minus(record, 'center_'))
  if (flagOf(record, 'with_scaling')) steps.push(dividedBy(record, 'scale_'))
  return scaler(record, steps)
}

/** Normalizer: each row divided by its own norm; a row of zeros stays. */
export function readNormalizer(record: EstimatorRecord): Estimator {
  const kind = textOf(record, 'norm')
  const norm = norms[kind]
  if (!norm) return unreadable(record, `has the norm ${quoteText(kind)}; norms are l1, l2 and max`)
  const expected = { className: record.className, featureCount: featureCountOf(record) }
  const transform = (input: Table): Matrix => {
    const matrix = toMatrix(input, expected)
    checkFinite(matrix, record.className, false)
    const { rows, columns, data, isSingle } = matrix
    const result = { ...createMatrix(rows, columns, isSingle), names: matrix.names }
    for (let row = 0; row < rows; row++) {
      const cells = data.subarray(row * columns, (row + 1) * columns)
      const size = norm(cells) || 1
      for (let i = 0; i < columns; i++) result.data[row * columns + i] = rounded((cells[i] ?? 0) / size, isSingle)
    }
    return result
  }
  return { ...expected, featureNames: featureNamesOf(record), transform }
}

const norms: Readonly<Record<string, (cells: Float64Array) => number>> = {
  l1: (cells) => cells.reduce((sum, value) => sum + Math.abs(value), 0),
  l2: (cells) => Math.sqrt(cells.reduce((sum, value) => sum + value * value, 0)),
  max: (cells) => cells.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
}

/** Applies the steps to every cell. scikit-learn keeps float32 input as float32, so each step is rounded then. */
function scaler(record: EstimatorRecord, steps: readonly Step[]): Estimator {
  const expected = { className: record.className, featureCount: featureCountOf(record) ?? widthOf(record) }
  const transform = (input: Table): Matrix => {
    const matrix = toMatrix(input, expected)
    checkFinite(matrix, record.className, true)
    const { rows, columns, data, isSingle, names } = matrix
    const result = createMatrix(rows, columns, isSingle)
    for (let i = 0; i < data.length; i++) {
      let value = data[i] ?? 0
      for (const step of steps) value = rounded(step(value, i % columns), isSingle)
      result.data[i] = value
    }
    return { ...result, names }
  }
  return { ...expected, featureNames: featureNamesOf(record), transform }
}

const rounded = (value: number, isSingle: boolean): number => (isSingle ? Math.fround(value) : value)

function minus(record: EstimatorRecord, name: string): Step {
  const offsets = columnsOf(record, name)
  return (value, column) => value - (offsets[column] ?? 0)
}

function dividedBy(record: EstimatorRecord, name: string): Step {
  const scale = columnsOf(record, name)
  return (value, column) => value / (scale[column] ?? 1)
}

function clipTo(record: EstimatorRecord, range: Float64Array): Step {
  const [low, high] = range
  if (low === undefined || high === undefined) return unreadable(record, 'has a feature_range that is no pair')
  return (value) => (Number.isNaN(value) ? value : Math.min(high, Math.max(low, value)))
}

/** One number for each column that the scaler was fitted on. */
function columnsOf(record: EstimatorRecord, name: string): Float64Array {
  const { data } = numbersOf(record, name)
  const count = featureCountOf(record) ?? widthOf(record)
  return data.length === count
    ? data
    : unreadable(record, `has ${data.length} numbers as ${name} for ${count} features`)
}

/** Before 0.24 scalers did not keep the number of features. */
function widthOf(record: EstimatorRecord): number | undefined {
  for (const name of ['scale_', 'mean_', 'center_']) {
    if (optional(record, name) !== undefined) return numbersOf(record, name).data.length
  }
  return undefined
}
