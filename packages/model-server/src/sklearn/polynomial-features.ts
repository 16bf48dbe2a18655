import type { Estimator } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import { type EstimatorRecord, featureCountOf, flagOf, integerOf, numbersOf, optional, unreadable } from './record.ts'
import { createMatrix, type Expectation, type Matrix, type Table, toFiniteMatrix } from './table.ts'

/** Columns that one row may grow to. */
const columnsMax = 1_000_000

/** PolynomialFeatures: products of up to `degree` columns, in the order of itertools.combinations. */
export function readPolynomialFeatures(record: EstimatorRecord): Estimator {
  const featureCount = featureCountOf(record) ?? integerOf(record, 'n_input_features_')
  const expected: Expectation = { className: record.className, featureCount }
  const [least, most] = degreesOf(record)
  const products = productsOf(record, featureCount, Math.max(1, least), most, flagOf(record, 'interaction_only'))
  const hasBias = flagOf(record, 'include_bias')
  const width = products.length + (hasBias ? 1 : 0)
  const transform = (input: Table): Matrix => {
    const { data, rows, isSingle } = toFiniteMatrix(input, expected)
    const matrix = createMatrix(rows, width, isSingle)
    for (let row = 0; row < rows; row++) {
      let at = row * width
      if (hasBias) matrix.data[at++] = 1
      for (const factors of products) {
        let product = 1
        for (const factor of factors) {
          product *= data[row * featureCount + factor] ?? 0
          if (isSingle) product = Math.fround(product)
        }
        matrix.data[at++] = product
      }
    }
    return matrix
  }
  return { ...expected, featureNames: featureNamesOf(record), transform }
}

/** `degree` is the highest one, or (since 1.0) a pair of lowest and highest. */
function degreesOf(record: EstimatorRecord): readonly [number, number] {
  const degree = optional(record, 'degree')
  if (!Array.isArray(degree)) return [0, integerOf(record, 'degree')]
  const [least = Number.NaN, most = Number.NaN] = numbersOf(record, 'degree').data
  const isSane = Number.isInteger(least) && Number.isInteger(most) && least >= 0 && most < 1000
  return isSane ? [least, most] : unreadable(record, 'has an impossible degree')
}

function productsOf(
  record: EstimatorRecord,
  features: number,
  least: number,
  most: number,
  isDistinct: boolean,
): readonly (readonly number[])[] {
  const found: number[][] = []
  const extend = (factors: readonly number[], size: number): void => {
    if (factors.length === size) {
      if (found.length >= columnsMax) unreadable(record, `would make more than ${columnsMax} columns`)
      record.budget.charge(40 + size * 8)
      found.push([...factors])
      return
    }
    const last = factors.at(-1) ?? -1
    const first = last < 0 ? 0 : isDistinct ? last + 1 : last
    for (let next = first; next < features; next++) extend([...factors, next], size)
  }
  if (most > 100) return unreadable(record, `has the degree ${most}`)
  for (let size = least; size <= Math.min(most, isDistinct ? features : most); size++) extend([], size)
  return found
}
