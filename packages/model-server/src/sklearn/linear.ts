import type { Estimator, Prediction, Scores } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import { type EstimatorRecord, featureCountOf, numbersOf, optional, unreadable } from './record.ts'
import { denseNumbersOf } from './sparse.ts'
import { createMatrix, type Expectation, type Matrix, type Table, toFiniteMatrix } from './table.ts'

/** Weights of one or several linear functions over the same features. */
export interface LinearMap extends Expectation {
  readonly featureCount: number
  readonly outputs: number
  /** Whether `coef_` has an axis for outputs: then so has the result, even for one output. */
  readonly isWide: boolean
  /** outputs × features. */
  readonly weights: Float64Array
  readonly intercepts: Float64Array
  readonly isSingle: boolean
}

/** Reads `coef_` and `intercept_`. An intercept of one number serves every output. */
export function linearMapOf(record: EstimatorRecord): LinearMap {
  const { data: weights, shape, isSingle } = denseNumbersOf(record, 'coef_')
  const isWide = shape.length === 2
  const outputs = isWide ? (shape[0] ?? 0) : 1
  const featureCount = shape.at(-1) ?? 0
  if (shape.length < 1 || shape.length > 2) return unreadable(record, `has coef_ of shape [${shape.join(',')}]`)
  const known = featureCountOf(record)
  if (known !== undefined && known !== featureCount) {
    return unreadable(record, `has coef_ for ${featureCount} features and n_features_in_ ${known}`)
  }
  const intercept = optional(record, 'intercept_') === undefined ? undefined : numbersOf(record, 'intercept_').data
  if (intercept && intercept.length !== 1 && intercept.length !== outputs) {
    return unreadable(record, `has ${intercept.length} intercepts for ${outputs} outputs`)
  }
  record.budget.charge(outputs * 8)
  const intercepts = new Float64Array(outputs)
  for (let i = 0; i < outputs; i++) intercepts[i] = intercept?.[intercept.length === 1 ? 0 : i] ?? 0
  return { className: record.className, featureCount, outputs, isWide, weights, intercepts, isSingle }
}

/** rows × outputs. In float32 where both sides are, as numpy multiplies them. */
export function applyLinear(map: LinearMap, input: Table): Matrix {
  const { data, rows, isSingle } = toFiniteMatrix(input, map)
  const { weights, intercepts, outputs, featureCount } = map
  const result = createMatrix(rows, outputs, isSingle && map.isSingle)
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < outputs; output++) {
      let sum = 0
      const from = row * featureCount
      const weight = output * featureCount
      for (let i = 0; i < featureCount; i++) sum += (data[from + i] ?? 0) * (weights[weight + i] ?? 0)
      const value = sum + (intercepts[output] ?? 0)
      result.data[row * outputs + output] = result.isSingle ? Math.fround(value) : value
    }
  }
  return result
}

export const toScores = ({ rows, columns, data }: Matrix): Scores => ({ rows, columns, data })

/** LinearRegression, Ridge, Lasso … : `X @ coef_.T + intercept_`. */
export const readLinearRegressor = (record: EstimatorRecord): Estimator => linearRegressor(record, (value) => value)

/** PoissonRegressor, GammaRegressor: the exponential of the linear function. */
export const readLogRegressor = (record: EstimatorRecord): Estimator => linearRegressor(record, Math.exp)

/** TweedieRegressor: `link='auto'` is the logarithm for a power above zero, else the identity. */
export function readTweedieRegressor(record: EstimatorRecord): Estimator {
  const link = optional(record, 'link') ?? 'auto'
  const isLog = link === 'log' || (link === 'auto' && numbersOf(record, 'power').data[0] !== 0)
  return isLog ? readLogRegressor(record) : readLinearRegressor(record)
}

function linearRegressor(record: EstimatorRecord, inverseLink: (value: number) => number): Estimator {
  const map = linearMapOf(record)
  const predict = (input: Table): Prediction => applyLinear(map, input).data.map(inverseLink)
  return {
    className: record.className,
    featureCount: map.featureCount,
    featureNames: featureNamesOf(record),
    predictor: { outcome: { kind: 'numbers', width: map.isWide ? map.outputs : undefined, datatype: 'FP64' }, predict },
  }
}
