import { type EstimatorRecord, integerOf, numberOf, numbersOf, quoteText, required, unreadable } from './record.ts'
import { isSparse, type SparseRows, sparseRowsOf } from './sparse.ts'

/** Writes the kernel between row `row` of the input (rows × features) and every support vector into `values`. */
export type Kernel = (data: Float64Array, row: number, values: Float64Array) => void

export interface SupportVectors {
  readonly count: number
  readonly featureCount: number
  readonly kernel: Kernel
}

/** libsvm's kernels over dot products and squared distances. */
type Combine = { readonly of: 'dot' | 'distance'; readonly value: (measure: number) => number }

/** Reads `support_vectors_`, dense or sparse, with the kernel and its parameters. */
export function supportVectorsOf(record: EstimatorRecord): SupportVectors {
  const combine = combineOf(record)
  if (isSparse(required(record, 'support_vectors_'))) {
    const vectors = sparseRowsOf(record, 'support_vectors_')
    return { count: vectors.rows, featureCount: vectors.columns, kernel: sparseKernel(vectors, combine) }
  }
  const { data, shape } = numbersOf(record, 'support_vectors_')
  const [count, featureCount] = shape
  if (shape.length !== 2 || count === undefined || featureCount === undefined) {
    return unreadable(record, `has support_vectors_ of shape [${shape.join(',')}]`)
  }
  return { count, featureCount, kernel: denseKernel(data, count, featureCount, combine) }
}

function combineOf(record: EstimatorRecord): Combine {
  const kernel = required(record, 'kernel')
  if (kernel === 'linear') return { of: 'dot', value: (dot) => dot }
  if (kernel !== 'rbf' && kernel !== 'poly' && kernel !== 'sigmoid') {
    const shown = typeof kernel === 'string' ? quoteText(kernel) : 'a function of your own'
    return unreadable(
      record,
      `has the kernel ${shown}; served are linear, poly, rbf and sigmoid: train with one of them`,
    )
  }
  const gamma = numberOf(record, '_gamma', 'gamma')
  if (kernel === 'rbf') return { of: 'distance', value: (distance) => Math.exp(-gamma * distance) }
  const coef0 = numberOf(record, 'coef0')
  if (kernel === 'sigmoid') return { of: 'dot', value: (dot) => Math.tanh(gamma * dot + coef0) }
  const degree = integerOf(record, 'degree')
  return { of: 'dot', value: (dot) => wholePower(gamma * dot + coef0, degree) }
}

/** libsvm's power: by squaring. */
function wholePower(factor: number, degree: number): number {
  let power = factor
  let result = 1
  for (let rest = degree; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= power
    power *= power
  }
  return result
}

function denseKernel(vectors: Float64Array, count: number, width: number, { of, value }: Combine): Kernel {
  const measure = of === 'dot' ? dotProduct : squaredDistance
  return (data, row, values) => {
    const from = row * width
    for (let i = 0; i < count; i++) values[i] = value(measure(data, from, vectors, i * width, width))
  }
}

function dotProduct(left: Float64Array, from: number, right: Float64Array, to: number, width: number): number {
  let sum = 0
  for (let i = 0; i < width; i++) sum += (left[from + i] ?? 0) * (right[to + i] ?? 0)
  return sum
}

function squaredDistance(left: Float64Array, from: number, right: Float64Array, to: number, width: number): number {
  let sum = 0
  for (let i = 0; i < width; i++) {
    const difference = (left[from + i] ?? 0) - (right[to + i] ?? 0)
    sum += difference * difference
  }
  return sum
}

/** A squared distance is |x|² plus, for each stored entry v of the vector, (x - v)² - x². */
function sparseKernel({ rows, columns, offsets, indices, data: entries }: SparseRows, combine: Combine): Kernel {
  const isDistance = combine.of === 'distance'
  return (data, row, values) => {
    const from = row * columns
    let square = 0
    if (isDistance) for (let i = 0; i < columns; i++) square += (data[from + i] ?? 0) ** 2
    for (let vector = 0; vector < rows; vector++) {
      let sum = square
      for (let k = offsets[vector] ?? 0; k < (offsets[vector + 1] ?? 0); k++) {
        const x = data[from + (indices[k] ?? 0)] ?? 0
        const entry = entries[k] ?? 0
        sum += isDistance ? (entry - 2 * x) * entry : x * entry
      }
      values[vector] = combine.value(isDistance ? Math.max(sum, 0) : sum)
    }
  }
}
