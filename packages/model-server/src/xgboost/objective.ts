/** How a base score, stored as a prediction, becomes what trees add to. */
export type BaseScoreForm = 'identity' | 'logit' | 'log'
/** How the sum of trees becomes the prediction. */
export type OutputForm = 'identity' | 'sigmoid' | 'exp' | 'step' | 'softmax' | 'argmax'

export interface Objective {
  readonly base: BaseScoreForm
  readonly output: OutputForm
}

const identity: Objective = { base: 'identity', output: 'identity' }
const logistic: Objective = { base: 'logit', output: 'sigmoid' }
const exponential: Objective = { base: 'log', output: 'exp' }

/** XGBoost's objectives (https://xgboost.readthedocs.io/en/stable/parameter.html, "objective"). */
export const objectives: ReadonlyMap<string, Objective> = new Map([
  ['reg:squarederror', identity],
  ['reg:linear', identity],
  ['reg:squaredlogerror', identity],
  ['reg:pseudohubererror', identity],
  ['reg:absoluteerror', identity],
  ['reg:quantileerror', identity],
  ['reg:expectileerror', identity],
  ['reg:logistic', logistic],
  ['binary:logistic', logistic],
  // Its base score is a margin already, unlike that of binary:logistic.
  ['binary:logitraw', identity],
  ['binary:hinge', { base: 'identity', output: 'step' }],
  ['multi:softmax', { base: 'identity', output: 'argmax' }],
  ['multi:softprob', { base: 'identity', output: 'softmax' }],
  ['rank:ndcg', identity],
  ['rank:map', identity],
  ['rank:pairwise', identity],
  ['count:poisson', exponential],
  ['reg:gamma', exponential],
  ['reg:tweedie', exponential],
  ['survival:cox', exponential],
  ['survival:aft', exponential],
])

export function toMargin(form: BaseScoreForm, score: number): number {
  if (form === 'identity') return score
  return form === 'log' ? Math.log(score) : -Math.log(1 / score - 1)
}

/** Turns margins (rows × outputs) into predictions in place; `argmax` gives a new array of one class for each row. */
export function transform(form: OutputForm, margins: Float32Array, outputs: number): Float32Array {
  switch (form) {
    case 'identity':
      return margins
    case 'sigmoid':
      for (let i = 0; i < margins.length; i++) margins[i] = 1 / (1 + Math.exp(-(margins[i] ?? 0)))
      return margins
    case 'exp':
      for (let i = 0; i < margins.length; i++) margins[i] = Math.exp(margins[i] ?? 0)
      return margins
    case 'step':
      for (let i = 0; i < margins.length; i++) margins[i] = (margins[i] ?? 0) > 0 ? 1 : 0
      return margins
    case 'softmax':
      for (let row = 0; row < margins.length; row += outputs) softmax(margins.subarray(row, row + outputs))
      return margins
    case 'argmax':
      return Float32Array.from({ length: margins.length / outputs }, (_, row) =>
        argmax(margins, row * outputs, outputs),
      )
  }
}

function softmax(row: Float32Array): void {
  let top = Number.NEGATIVE_INFINITY
  for (const value of row) top = Math.max(top, value)
  let sum = 0
  for (let i = 0; i < row.length; i++) {
    row[i] = Math.exp((row[i] ?? 0) - top)
    sum += row[i] ?? 0
  }
  for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) / sum
}

function argmax(values: Float32Array, from: number, length: number): number {
  let best = 0
  for (let i = 1; i < length; i++) if ((values[from + i] ?? 0) > (values[from + best] ?? 0)) best = i
  return best
}
