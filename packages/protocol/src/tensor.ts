/// <reference lib="esnext.float16" />

/** The element types of the Open Inference Protocol (V2), section "Tensor Data Types". */
export const datatypes = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const

export type Datatype = (typeof datatypes)[number]

/** What holds the elements of each datatype. BOOL is one byte an element (0 or 1); BYTES holds text, or raw bytes where they are not UTF-8. */
export interface TensorArrays {
  readonly BOOL: Uint8Array
  readonly UINT8: Uint8Array
  readonly UINT16: Uint16Array
  readonly UINT32: Uint32Array
  readonly UINT64: BigUint64Array
  readonly INT8: Int8Array
  readonly INT16: Int16Array
  readonly INT32: Int32Array
  readonly INT64: BigInt64Array
  readonly FP16: Float16Array
  readonly FP32: Float32Array
  readonly FP64: Float64Array
  readonly BYTES: readonly (string | Uint8Array)[]
}

/** A named array. `data` is flat and row-major; its length is the product of `shape` (1 for the empty shape). */
export type TensorOf<D extends Datatype> = {
  readonly name: string
  readonly datatype: D
  readonly shape: readonly number[]
  readonly data: TensorArrays[D]
}

/** A tensor of any datatype, told apart by `datatype`. */
export type Tensor = { [D in Datatype]: TensorOf<D> }[Datatype]

/** Any tensor whose elements are numbers or bigints. */
export type NumericTensor = Exclude<Tensor, TensorOf<'BYTES'>>

/** What a model says of one of its inputs or outputs. -1 in `shape` is a size that may vary. */
export interface TensorSpec {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
}

/** Number of elements that a shape without -1 has. */
export function elementCount(shape: readonly number[]): number {
  let count = 1
  for (const size of shape) count *= size
  return count
}

/** `FP32[-1,4]`: how messages write a datatype with its shape. */
export function formatSpec(spec: { readonly datatype: string; readonly shape: readonly number[] }): string {
  return `${spec.datatype}[${spec.shape.join(',')}]`
}
