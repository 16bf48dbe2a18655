import { endianness } from 'node:os'
import type { DType, NdArray, PyValue } from './py-value.ts'
import { formatDType } from './dtype.ts'

/** Native arrays of numbers; a bool is 0 or 1. */
export type NumericArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float16Array
  | Float32Array
  | Float64Array

const isHostBigEndian = endianness() === 'BE'

/** Number of elements; 1 for shape []. NaN when the shape is not a list of sizes or their product is not exact. */
export function countElements(shape: readonly PyValue[]): number {
  let count = 1
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) return Number.NaN
    count *= size
    if (count > Number.MAX_SAFE_INTEGER) return Number.NaN
  }
  return count
}

/**
 * Elements of a numeric or bool array in row-major order, in the file's own type. A view of the file where byte order,
 * alignment and element order allow it, else a copy. Undefined when the elements are not numbers JavaScript has.
 */
export function numericElements(array: NdArray): NumericArray | undefined {
  const flat = viewElements(array.dtype, array.bytes)
  if (!flat || !array.isFortran || array.shape.length < 2) return flat
  return transposed(flat, array.shape)
}

/** The same as doubles. Integers beyond 2^53 are rounded as numpy rounds them. */
export function float64Elements(array: NdArray): Float64Array | undefined {
  const elements = array.objects ? numbersOf(array.objects) : numericElements(array)
  if (!elements || elements instanceof Float64Array) return elements
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    const result = new Float64Array(elements.length)
    for (let i = 0; i < result.length; i++) result[i] = Number(elements[i])
    return result
  }
  return Float64Array.from(elements)
}

/** Text of a U or S array, or of an object array that holds only text; numpy pads the end with zeros. */
export function textElements(array: NdArray): string[] | undefined {
  const { dtype, bytes, objects } = array
  if (objects) return objects.every((value) => typeof value === 'string') ? objects : undefined
  if ((dtype.code !== 'U' && dtype.code !== 'S') || (array.isFortran && array.shape.length > 1)) return undefined
  const count = countElements(array.shape)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const width = dtype.code === 'U' ? 4 : 1
  const texts: string[] = []
  for (let i = 0; i < count; i++) {
    let text = ''
    for (let at = i * dtype.itemBytes; at < (i + 1) * dtype.itemBytes; at += width) {
      const point = width === 1 ? view.getUint8(at) : view.getUint32(at, !dtype.isBigEndian)
      if (point === 0) break
      text += String.fromCodePoint(point <= 0x10ffff ? point : 0xfffd)
    }
    texts.push(text)
  }
  return texts
}

/** One field of a structured array, copied out of its rows. Undefined when there is no such field or it is no number. */
export function fieldElements(array: NdArray, name: string): NumericArray | undefined {
  const field = array.dtype.fields?.find((candidate) => candidate.name === name)
  if (!field || field.dtype.isSubarray || array.shape.length !== 1) return undefined
  const size = field.dtype.itemBytes
  const step = array.dtype.itemBytes
  const count = array.shape[0] ?? 0
  const all = step % size === 0 && field.offset % size === 0 ? viewElements(field.dtype, array.bytes) : undefined
  if (all) return everyNth(all, field.offset / size, step / size, count)
  const column = new Uint8Array(count * size)
  for (let i = 0; i < count; i++) {
    const from = i * step + field.offset
    for (let j = 0; j < size; j++) column[i * size + j] = array.bytes[from + j] ?? 0
  }
  return viewElements(field.dtype, column)
}

/** `<f8[3,4]`, for messages. */
export const formatArray = (array: NdArray): string => `${formatDType(array.dtype)}[${array.shape.join(',')}]`

function viewElements(dtype: DType, source: Uint8Array): NumericArray | undefined {
  const size = dtype.itemBytes
  if (dtype.isSubarray || (dtype.isBigEndian !== isHostBigEndian && size > 1)) {
    if (dtype.isSubarray || !isNumeric(dtype)) return undefined
    return wrapElements(dtype, swapped(source, size))
  }
  return wrapElements(dtype, source.byteOffset % Math.max(size, 1) === 0 ? source : source.slice())
}

const isNumeric = (dtype: DType): boolean => 'biuf'.includes(dtype.code) && dtype.itemBytes <= 8

function wrapElements(dtype: DType, source: Uint8Array): NumericArray | undefined {
  if (!isNumeric(dtype)) return undefined
  const { buffer, byteOffset: start } = source
  const count = source.byteLength / dtype.itemBytes
  switch (`${dtype.code}${dtype.itemBytes}`) {
    case 'b1':
    case 'u1':
      return new Uint8Array(buffer, start, count)
    case 'i1':
      return new Int8Array(buffer, start, count)
    case 'i2':
      return new Int16Array(buffer, start, count)
    case 'u2':
      return new Uint16Array(buffer, start, count)
    case 'i4':
      return new Int32Array(buffer, start, count)
    case 'u4':
      return new Uint32Array(buffer, start, count)
    case 'i8':
      return new BigInt64Array(buffer, start, count)
    case 'u8':
      return new BigUint64Array(buffer, start, count)
    case 'f2':
      return new Float16Array(buffer, start, count)
    case 'f4':
      return new Float32Array(buffer, start, count)
    case 'f8':
      return new Float64Array(buffer, start, count)
    default:
      return undefined
  }
}

function swapped(source: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(source.byteLength)
  for (let item = 0; item < result.length; item += size) {
    for (let i = 0; i < size; i++) result[item + i] = source[item + size - 1 - i] ?? 0
  }
  return result
}

/** Typed arrays of numbers and of bigints, seen as one: the caller copies between two of the same type. */
type Cells = Record<number, number | bigint>

function everyNth(all: NumericArray, first: number, step: number, count: number): NumericArray {
  const result = all.slice(0, count)
  const from: Cells = all
  const to: Cells = result
  for (let i = 0; i < count; i++) to[i] = from[first + i * step] ?? 0
  return result
}

/** Column-major to row-major for any number of axes. */
function transposed(flat: NumericArray, shape: readonly number[]): NumericArray {
  const result = flat.slice()
  const source: Cells = flat
  const target: Cells = result
  const strides: number[] = []
  let stride = 1
  for (const size of shape) {
    strides.push(stride)
    stride *= size
  }
  const index = shape.map(() => 0)
  let from = 0
  for (let to = 0; to < result.length; to++) {
    target[to] = source[from] ?? 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis] ?? 0
      const next = (index[axis] ?? 0) + 1
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next
        break
      }
      index[axis] = 0
      from -= next * (strides[axis] ?? 0)
    }
  }
  return result
}

function numbersOf(objects: readonly PyValue[]): Float64Array | undefined {
  const result = new Float64Array(objects.length)
  for (let i = 0; i < result.length; i++) {
    const value = objects[i]
    if (typeof value !== 'number' && typeof value !== 'boolean' && typeof value !== 'bigint') return undefined
    result[i] = Number(value)
  }
  return result
}
