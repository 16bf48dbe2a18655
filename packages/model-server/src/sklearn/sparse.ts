import { describeValue, isObject, numericElements, isNdArray, type PyValue } from '../pickle/index.ts'
import { type EstimatorRecord, type Numbers, numbersOf, partState, required, unreadable } from './record.ts'

/** scipy's compressed sparse rows: row r holds `data[k]` in column `indices[k]` for k in offsets[r] … offsets[r + 1]. */
export interface SparseRows {
  readonly rows: number
  readonly columns: number
  readonly offsets: Int32Array
  readonly indices: Int32Array
  readonly data: Float64Array
}

export const isSparse = (value: PyValue | undefined): boolean =>
  isObject(value) && value.type.module.startsWith('scipy.sparse.') && /^cs[rc]_(matrix|array)$/.test(value.type.name)

/** Reads a csr_matrix or csr_array, checked: offsets grow, and every index is inside. */
export function sparseRowsOf(record: EstimatorRecord, name: string): SparseRows {
  const part = partState(record, name, required(record, name))
  if (!part.className.startsWith('csr')) return unreadable(record, `has a ${part.className} as ${name}, not csr_matrix`)
  const shape = part.attributes.get('_shape') ?? part.attributes.get('shape')
  const [rows, columns] = Array.isArray(shape) ? shape : []
  const data = numbersOf(part, 'data').data
  const offsets = integersOf(part, 'indptr')
  const indices = integersOf(part, 'indices')
  if (typeof rows !== 'number' || typeof columns !== 'number' || offsets.length !== rows + 1) {
    return unreadable(part, 'has a shape that does not fit its rows')
  }
  const isGrowing = offsets.every((offset, row) => row === 0 || offset >= (offsets[row - 1] ?? 0))
  const isInside = indices.every((index) => index >= 0 && index < columns)
  if (
    !isGrowing ||
    !isInside ||
    offsets[0] !== 0 ||
    offsets[rows] !== indices.length ||
    data.length !== indices.length
  ) {
    return unreadable(part, 'has rows or columns outside its shape')
  }
  return { rows, columns, offsets, indices, data }
}

/** Numbers that may be stored sparse (coefficients after `sparsify()`). */
export function denseNumbersOf(record: EstimatorRecord, name: string): Numbers {
  if (!isSparse(required(record, name))) return numbersOf(record, name)
  const { rows, columns, offsets, indices, data } = sparseRowsOf(record, name)
  record.budget.charge(rows * columns * 8)
  const dense = new Float64Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    for (let k = offsets[row] ?? 0; k < (offsets[row + 1] ?? 0); k++) {
      dense[row * columns + (indices[k] ?? 0)] = data[k] ?? 0
    }
  }
  return { data: dense, shape: [rows, columns], isSingle: false }
}

function integersOf(record: EstimatorRecord, name: string): Int32Array {
  const value = required(record, name)
  if (isNdArray(value)) record.budget.charge(value.bytes.length)
  const elements = isNdArray(value) ? numericElements(value) : undefined
  if (elements instanceof Int32Array) return elements
  if (!(elements instanceof BigInt64Array)) return unreadable(record, `has ${describeValue(value)} as ${name}`)
  return Int32Array.from(elements, Number)
}
