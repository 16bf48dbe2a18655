import { InvalidInput, type Tensor } from '@millrace/protocol'
import { nearest } from '../nearest.ts'
import type { PredictRequest } from '../runtime.ts'

/** Rows × columns, row-major. NaN is a missing value. */
export interface FeatureMatrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
}

/** What a model of one table expects. `names` is empty when the file does not have them. */
export interface FeatureSpec {
  readonly count: number
  readonly names: readonly string[]
}

/**
 * The request as one table of numbers: a matrix (one tensor, rows × features), or columns by name in any order. An empty
 * request gives no rows. Throws `InvalidInput` saying which features are expected.
 */
export function readFeatureMatrix(request: PredictRequest, features: FeatureSpec): FeatureMatrix {
  const [first] = request.inputs
  if (first === undefined) throw new InvalidInput(`The request has no inputs; expected ${describe(features)}.`)
  const isColumn = request.inputs.length > 1 || (request.isNamed && features.names.includes(first.name))
  return isColumn ? readColumns(request.inputs, features) : readMatrix(first, features)
}

function readMatrix(tensor: Tensor, features: FeatureSpec): FeatureMatrix {
  const { shape } = tensor
  if (shape.length === 1 && shape[0] === 0) return { rows: 0, columns: features.count, data: new Float64Array(0) }
  const [rows, columns] = shape
  if (shape.length !== 2 || rows === undefined || columns !== features.count) {
    const hint = shape.length === 1 && shape[0] === features.count ? ' (one row is [[…]], a list in a list)' : ''
    throw new InvalidInput(
      `Input "${tensor.name}" has shape [${shape.join(',')}]; expected ${describe(features)}${hint}.`,
    )
  }
  return { rows, columns, data: toFloat64(tensor) }
}

function readColumns(inputs: readonly Tensor[], features: FeatureSpec): FeatureMatrix {
  const { names, count } = features
  if (names.length === 0) {
    throw new InvalidInput(
      `The model's file has no feature names, so columns by name cannot be matched; send one input of ${describe(features)}.`,
    )
  }
  const known = new Set(names)
  const byName = new Map<string, Float64Array>()
  for (const tensor of inputs) {
    const { name } = tensor
    if (!known.has(name)) {
      const near = nearest(name, names)
      throw new InvalidInput(
        `The model has no feature "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
      )
    }
    byName.set(name, toFloat64(tensor))
  }
  const columns = names.map((name) => {
    const values = byName.get(name)
    if (values === undefined) throw new InvalidInput(`Feature "${name}" is missing; expected ${describe(features)}.`)
    return values
  })
  const rows = columns[0]?.length ?? 0
  const uneven = columns.findIndex((values) => values.length !== rows)
  if (uneven !== -1) {
    throw new InvalidInput(
      `Feature "${names[uneven]}" has ${columns[uneven]?.length} values, but "${names[0]}" has ${rows}.`,
    )
  }
  const data = new Float64Array(rows * count)
  for (const [column, values] of columns.entries()) {
    for (let row = 0; row < rows; row++) data[row * count + column] = values[row] ?? Number.NaN
  }
  return { rows, columns: count, data }
}

/** The elements as float64. 64-bit integers beyond 2^53 round, as they do in NumPy. Text is refused. */
function toFloat64(tensor: Tensor): Float64Array {
  switch (tensor.datatype) {
    case 'FP64':
      return tensor.data
    case 'BYTES':
      throw new InvalidInput(`Input "${tensor.name}" is text (BYTES); the model takes numbers.`)
    case 'INT64':
    case 'UINT64':
      return Float64Array.from(tensor.data, Number)
    default:
      return Float64Array.from(tensor.data)
  }
}

function describe(features: FeatureSpec): string {
  const { count, names } = features
  const listed = names.length > 0 && names.length <= 12 ? ` (${names.join(', ')})` : ''
  return `rows × ${count} features${listed}`
}
