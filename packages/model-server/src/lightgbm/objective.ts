import { ModelUnreadable } from '../runtime.ts'

/** Turns the sums of the trees (rows × outputs) into predictions, in place. */
export type Transform = (sums: Float64Array, outputs: number) => void

const identity: Transform = () => {}
const each =
  (convert: (value: number) => number): Transform =>
  (sums) => {
    for (let i = 0; i < sums.length; i++) sums[i] = convert(sums[i] ?? 0)
  }
const softmax: Transform = (sums, outputs) => {
  for (let from = 0; from < sums.length; from += outputs) {
    const row = sums.subarray(from, from + outputs)
    const top = Math.max(...row)
    let sum = 0
    for (let i = 0; i < row.length; i++) {
      row[i] = Math.exp((row[i] ?? 0) - top)
      sum += row[i] ?? 0
    }
    for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) / sum
  }
}

/** LightGBM's objectives by the first word of their line (https://lightgbm.readthedocs.io/en/stable/Parameters.html). */
const transforms: Readonly<Record<string, (words: readonly string[]) => Transform>> = {
  regression: (words) => (words.includes('sqrt') ? each((v) => Math.sign(v) * v * v) : identity),
  regression_l1: () => identity,
  huber: () => identity,
  fair: () => identity,
  quantile: () => identity,
  mape: () => identity,
  lambdarank: () => identity,
  rank_xendcg: () => identity,
  custom: () => identity,
  poisson: () => each(Math.exp),
  gamma: () => each(Math.exp),
  tweedie: () => each(Math.exp),
  binary: (words) => sigmoid(sigmoidOf(words)),
  multiclassova: (words) => sigmoid(sigmoidOf(words)),
  cross_entropy: () => sigmoid(1),
  cross_entropy_lambda: () => each((v) => Math.log1p(Math.exp(v))),
  multiclass: () => softmax,
}

/** `line` is the header's objective (`binary sigmoid:1`); absent for a custom objective, whose sums are answered as they are. */
export function readObjective(line: string | undefined): Transform {
  const words = (line ?? 'custom').split(' ')
  const name = words[0] ?? ''
  const make = Object.hasOwn(transforms, name) ? transforms[name] : undefined
  if (make !== undefined) return make(words)
  throw new ModelUnreadable(`the objective "${name}" is unknown; known are ${Object.keys(transforms).join(', ')}`)
}

function sigmoid(slope: number): Transform {
  return each((value) => 1 / (1 + Math.exp(-slope * value)))
}

function sigmoidOf(words: readonly string[]): number {
  const word = words.find((w) => w.startsWith('sigmoid:'))
  const slope = word === undefined ? 1 : Number(word.slice('sigmoid:'.length))
  if (!(slope > 0)) throw new ModelUnreadable(`the objective's "${word}" is no positive number`)
  return slope
}
