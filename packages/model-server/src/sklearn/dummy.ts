import type { Estimator } from './estimator.ts'
import { labelsOf } from './labels.ts'
import { type EstimatorRecord, featureCountOf, numbersOf, quoteText, textOf, unreadable } from './record.ts'
import { checkWidth, type Table } from './table.ts'

/** DummyClassifier with the strategies that always answer the same: prior and most_frequent. */
export function readDummyClassifier(record: EstimatorRecord): Estimator {
  const classes = labelsOf(record)
  const prior = numbersOf(record, 'class_prior_').data
  const strategy = textOf(record, 'strategy')
  if (strategy !== 'prior' && strategy !== 'most_frequent') {
    return unreadable(record, `has the strategy ${quoteText(strategy)}; served are prior and most_frequent`)
  }
  if (prior.length !== classes.values.length) return unreadable(record, 'has another number of priors than classes')
  const best = prior.indexOf(Math.max(...prior))
  const shares = strategy === 'prior' ? prior : prior.map((_, index) => (index === best ? 1 : 0))
  const expected = { className: record.className, featureCount: featureCountOf(record) }
  const rowsOf = (input: Table): number => {
    checkWidth(input, expected)
    return input.rows
  }
  return {
    ...expected,
    featureNames: undefined,
    predictor: {
      outcome: { kind: 'labels', classes: [classes], isWide: false },
      predict: (input) => new Int32Array(rowsOf(input)).fill(best),
      predictProba: (input) => {
        const rows = rowsOf(input)
        const data = new Float64Array(rows * shares.length)
        for (let row = 0; row < rows; row++) data.set(shares, row * shares.length)
        return [{ rows, columns: shares.length, data }]
      },
    },
  }
}

/** DummyRegressor: the mean, median or quantile of the training data. */
export function readDummyRegressor(record: EstimatorRecord): Estimator {
  const constant = numbersOf(record, 'constant_').data
  const width = constant.length
  const expected = { className: record.className, featureCount: featureCountOf(record) }
  return {
    ...expected,
    featureNames: undefined,
    predictor: {
      outcome: { kind: 'numbers', width: width > 1 ? width : undefined, datatype: 'FP64' },
      predict: (input) => {
        checkWidth(input, expected)
        const result = new Float64Array(input.rows * width)
        for (let row = 0; row < input.rows; row++) result.set(constant, row * width)
        return result
      },
    },
  }
}
