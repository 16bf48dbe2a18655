import { InvalidInput } from './invalid-input.ts'
import { describeJson } from './json-body.ts'
import { forEachRow, indexPath } from './nested-array.ts'
import { type Datatype, elementCount, type Tensor, type TensorArrays, type TensorOf } from './tensor.ts'

/** Bounds of the integer datatypes that a JavaScript number holds exactly. */
const integerRange = {
  UINT8: [0, 255],
  UINT16: [0, 65535],
  UINT32: [0, 4294967295],
  INT8: [-128, 127],
  INT16: [-32768, 32767],
  INT32: [-2147483648, 2147483647],
} as const

const bigRange = {
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
  UINT64: [0n, 2n ** 64n - 1n],
} as const

const make: { readonly [D in Datatype]: (length: number) => TensorArrays[D] } = {
  BOOL: (n) => new Uint8Array(n),
  UINT8: (n) => new Uint8Array(n),
  UINT16: (n) => new Uint16Array(n),
  UINT32: (n) => new Uint32Array(n),
  UINT64: (n) => new BigUint64Array(n),
  INT8: (n) => new Int8Array(n),
  INT16: (n) => new Int16Array(n),
  INT32: (n) => new Int32Array(n),
  INT64: (n) => new BigInt64Array(n),
  FP16: (n) => new Float16Array(n),
  FP32: (n) => new Float32Array(n),
  FP64: (n) => new Float64Array(n),
  BYTES: (n) => Array.from({ length: n }, () => ''),
}

export function makeTensor<D extends Datatype>(
  name: string,
  datatype: D,
  shape: readonly number[],
  data: TensorArrays[D],
): TensorOf<D> {
  return { name, datatype, shape, data }
}

/** Where the JSON being read stands, for messages: `inputs[0] "x" data`. */
export interface Place {
  readonly at: string
  readonly shape: readonly number[]
}

/** Thrown inside this package when a number lost digits in JSON.parse and the body has to be read again exactly. */
export const needsExactNumbers = Symbol('needsExactNumbers')

/**
 * Reads nested JSON arrays whose structure is `nested` into a tensor of that datatype. null is NaN in floats and refused
 * elsewhere. 64-bit integers come as number, bigint or decimal text. Throws `InvalidInput` naming index, expected and got.
 */
export function readTensorData<D extends Datatype>(
  name: string,
  datatype: D,
  shape: readonly number[],
  data: readonly unknown[],
  place: Place,
): Tensor {
  const count = elementCount(place.shape)
  // The shape was read along the first elements only: one long first row must not make us allocate what never came.
  if (place.shape.length > 1 && count > 4096) forEachRow(data, place.shape, place.at, () => {})
  const out = make[datatype](count)
  const tensor = { name, datatype, shape, data: out } as Tensor
  const read = readers(tensor, place)
  forEachRow(data, place.shape, place.at, read)
  return tensor
}

type RowReader = (row: readonly unknown[], offset: number) => void

function readers(tensor: Tensor, place: Place): RowReader {
  switch (tensor.datatype) {
    case 'FP16':
    case 'FP32':
    case 'FP64':
      return floatReader(tensor.data, tensor.datatype, place)
    case 'INT64':
    case 'UINT64':
      return bigReader(tensor.data, tensor.datatype, place)
    case 'BOOL':
      return boolReader(tensor.data, place)
    case 'BYTES':
      return textReader(tensor.data as string[], place)
    default:
      return integerReader(tensor.data, tensor.datatype, place)
  }
}

function floatReader(out: Float16Array | Float32Array | Float64Array, datatype: Datatype, place: Place): RowReader {
  return (row, offset) => {
    for (let i = 0; i < row.length; i++) {
      const value = row[i]
      if (typeof value === 'number') out[offset + i] = value
      else if (value === null) out[offset + i] = Number.NaN
      else if (typeof value === 'boolean') out[offset + i] = value ? 1 : 0
      else if (typeof value === 'bigint') out[offset + i] = Number(value)
      else throw wrong(place, offset + i, value, `a number (${datatype})`)
    }
  }
}

function integerReader(
  out: Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array,
  datatype: keyof typeof integerRange,
  place: Place,
): RowReader {
  const [low, high] = integerRange[datatype]
  return (row, offset) => {
    for (let i = 0; i < row.length; i++) {
      const value = row[i]
      const number = typeof value === 'boolean' ? Number(value) : value
      if (typeof number !== 'number' || !Number.isInteger(number) || number < low || number > high) {
        throw wrong(place, offset + i, value, `an integer from ${low} to ${high} (${datatype})`)
      }
      out[offset + i] = number
    }
  }
}

function bigReader(out: BigInt64Array | BigUint64Array, datatype: keyof typeof bigRange, place: Place): RowReader {
  const [low, high] = bigRange[datatype]
  return (row, offset) => {
    for (let i = 0; i < row.length; i++) {
      const big = toBigInt(row[i])
      if (big === undefined || big < low || big > high) {
        throw wrong(place, offset + i, row[i], `an integer from ${low} to ${high} (${datatype})`)
      }
      out[offset + i] = big
    }
  }
}

function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'string') return /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined
  if (typeof value === 'boolean') return BigInt(value)
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined
  if (!Number.isSafeInteger(value)) throw needsExactNumbers
  return BigInt(value)
}

function boolReader(out: Uint8Array, place: Place): RowReader {
  return (row, offset) => {
    for (let i = 0; i < row.length; i++) {
      const value = row[i]
      if (value === true || value === 1) out[offset + i] = 1
      else if (value !== false && value !== 0) throw wrong(place, offset + i, value, 'true or false (BOOL)')
    }
  }
}

function textReader(out: string[], place: Place): RowReader {
  return (row, offset) => {
    for (let i = 0; i < row.length; i++) {
      const value = row[i]
      if (typeof value !== 'string') throw wrong(place, offset + i, value, 'text (BYTES)')
      out[offset + i] = value
    }
  }
}

function wrong(place: Place, offset: number, value: unknown, expected: string): InvalidInput {
  return new InvalidInput(
    `${place.at}${indexPath(place.shape, offset)} is ${describeJson(value)}; expected ${expected}.`,
  )
}
