import type { PyValue } from '../pickle/index.ts'
import type { Labels } from './labels.ts'
import type { Table } from './table.ts'

/** What `predict` gives, before any row is seen: for the model's metadata. */
export type Outcome =
  | {
      readonly kind: 'labels'
      /** The classes of each output. */
      readonly classes: readonly Labels[]
      /** Whether the result has a column for each output; else it has one value for each row. */
      readonly isWide: boolean
    }
  | {
      readonly kind: 'numbers'
      /** Columns of the result; undefined for one value a row without a second axis. */
      readonly width: number | undefined
      readonly datatype: 'FP64' | 'FP32' | 'INT64' | 'INT32'
    }

/** Result of `predict`: positions in the outcome's classes, or the numbers themselves; row-major. */
export type Prediction = Int32Array | Float64Array

/** Numbers for each row: probabilities or decision values of each class, row-major. */
export interface Scores {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
}

/**
 * A fitted estimator that is ready to compute. What it cannot do is absent, as in scikit-learn: an SVC that was trained
 * without probabilities has no `predictProba`. All methods throw InvalidInput when the table does not fit.
 */
export interface Estimator {
  readonly className: string
  /** Columns it was fitted on; undefined where an old version kept no number. */
  readonly featureCount: number | undefined
  /** Names of these columns, when it was fitted on a table with names. */
  readonly featureNames: readonly string[] | undefined
  /** For each column, whether text is expected there; absent where all are numbers. */
  readonly textFeatures?: readonly boolean[] | undefined
  /** Set where a request with names needs only these columns and may have more, as for ColumnTransformer. */
  readonly usedNames?: readonly string[] | undefined
  readonly transform?: ((input: Table) => Table) | undefined
  readonly predictor?: Predictor | undefined
}

export interface Predictor {
  readonly outcome: Outcome
  readonly predict: (input: Table) => Prediction
  /** One entry for each output: one, but for trees with several. */
  readonly predictProba?: ((input: Table) => readonly Scores[]) | undefined
  /** Decision values where another estimator needs them (calibration, stacking): one column for two classes. */
  readonly decide?: ((input: Table) => Scores) | undefined
}

/** The column with the largest value, the first of equals, as numpy's argmax. */
export function argmaxRows(scores: Scores): Int32Array {
  const { rows, columns, data } = scores
  const best = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    let index = 0
    for (let column = 1; column < columns; column++) {
      if ((data[row * columns + column] ?? 0) > (data[row * columns + index] ?? 0)) index = column
    }
    best[row] = index
  }
  return best
}

/** Reads an estimator inside another; `path` says where it stands. */
export type ReadEstimator = (value: PyValue, path: string) => Estimator
