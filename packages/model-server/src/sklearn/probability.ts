import type { Scores } from './estimator.ts'

/** The logistic function. */
export const expit = (value: number): number => 1 / (1 + Math.exp(-value))

export const logit = (share: number): number => Math.log(share / (1 - share))

/** [1 - p, p] for each row, from the probability of the second class. */
export function twoColumns(second: Float64Array): Scores {
  const data = new Float64Array(second.length * 2)
  for (let row = 0; row < second.length; row++) {
    const share = second[row] ?? 0
    data[2 * row] = 1 - share
    data[2 * row + 1] = share
  }
  return { rows: second.length, columns: 2, data }
}

/** Softmax of each row, shifted by its maximum so that nothing overflows. */
export function softmaxRows({ rows, columns, data }: Scores): Scores {
  const result = new Float64Array(data.length)
  for (let row = 0; row < rows; row++) {
    const start = row * columns
    let highest = Number.NEGATIVE_INFINITY
    for (let i = start; i < start + columns; i++) highest = Math.max(highest, data[i] ?? 0)
    let sum = 0
    for (let i = start; i < start + columns; i++) {
      const power = Math.exp((data[i] ?? 0) - highest)
      result[i] = power
      sum += power
    }
    for (let i = start; i < start + columns; i++) result[i] = (result[i] ?? 0) / sum
  }
  return { rows, columns, data: result }
}

/** Each row divided by its sum; a row of zeros becomes uniform, as scikit-learn does for one-vs-rest probabilities. */
export function normalizeRows({ rows, columns, data }: Scores): Scores {
  const result = new Float64Array(data.length)
  for (let row = 0; row < rows; row++) {
    const start = row * columns
    let sum = 0
    for (let i = start; i < start + columns; i++) sum += data[i] ?? 0
    for (let i = start; i < start + columns; i++) result[i] = sum === 0 ? 1 / columns : (data[i] ?? 0) / sum
  }
  return { rows, columns, data: result }
}
