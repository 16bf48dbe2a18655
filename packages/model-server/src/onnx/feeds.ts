import { type Datatype, formatSpec, InvalidInput, type Tensor, type TensorSpec } from '@millrace/protocol'
import { nearest } from '../nearest.ts'
import type { PredictRequest } from '../runtime.ts'

/**
 * Matches a request's tensors with the model's inputs by name. A V1 array goes to the only input, converted to its
 * datatype; columns of V1 objects may leave out a last dimension of 1; V2 tensors must have the model's datatype. Sizes
 * that the model fixes must agree, -1 takes any. Throws `InvalidInput` naming the input, what it takes and what came.
 */
export function matchInputs(request: PredictRequest, specs: readonly TensorSpec[]): Tensor[] {
  const { inputs, isNamed } = request
  const [only] = inputs
  if (!isNamed && only !== undefined) {
    const [spec] = specs
    if (specs.length === 1 && spec !== undefined) return [fit(only, spec, true)]
    throw new InvalidInput(
      `The model has ${specs.length} inputs (${list(specs)}); send objects with these names, or V2.`,
    )
  }
  const names = specs.map((spec) => spec.name)
  for (const { name } of inputs) {
    if (names.includes(name)) continue
    const near = nearest(name, names)
    const hint = near === undefined ? '' : `; did you mean "${near}"?`
    throw new InvalidInput(`The model has no input "${name}"; it takes ${list(specs)}${hint}`)
  }
  return specs.map((spec) => {
    const tensor = inputs.find((input) => input.name === spec.name)
    if (tensor === undefined) throw new InvalidInput(`Input "${spec.name}" is missing; the model takes ${list(specs)}.`)
    return fit(tensor, spec, isColumns(request))
  })
}

/** V1 objects and pandas columns carry no datatype of their own; V2 tensors do. */
function isColumns(request: PredictRequest): boolean {
  return request.protocol === 'v1' || request.parameters['content_type'] === 'pd'
}

function fit(tensor: Tensor, spec: TensorSpec, isConvertible: boolean): Tensor {
  const shape = isConvertible ? withLastOne(tensor.shape, spec.shape) : tensor.shape
  const isFitting =
    shape.length === spec.shape.length && spec.shape.every((size, i) => size === -1 || size === shape[i])
  if (!isFitting || (tensor.datatype !== spec.datatype && !isConvertible)) {
    throw new InvalidInput(
      `Input "${tensor.name}" is ${formatSpec(tensor)}; the model takes ${formatSpec(spec)} for "${spec.name}".`,
    )
  }
  return convert({ ...tensor, name: spec.name, shape } as Tensor, spec.datatype)
}

function withLastOne(shape: readonly number[], wanted: readonly number[]): readonly number[] {
  const isShort = shape.length === wanted.length - 1 && wanted.at(-1) === 1
  return isShort ? [...shape, 1] : shape
}

/** V1's numbers, booleans and texts as the datatype that the model takes. */
function convert(tensor: Tensor, datatype: Datatype): Tensor {
  if (tensor.datatype === datatype) return tensor
  const { name, shape } = tensor
  if (tensor.datatype === 'BYTES' || datatype === 'BYTES') {
    throw new InvalidInput(
      `Input "${name}" is ${tensor.datatype === 'BYTES' ? 'text' : 'numbers'}; the model takes ${datatype}.`,
    )
  }
  const make = numericArrays[datatype]
  const data = tensor.data
  if (datatype === 'INT64' || datatype === 'UINT64') {
    return { name, datatype, shape, data: make.from(whole(name, data, datatype), BigInt) } as Tensor
  }
  const isFloat = datatype.startsWith('FP')
  const values = isFloat ? Array.from(data as ArrayLike<number | bigint>, Number) : whole(name, data, datatype)
  const converted = make.from(values)
  const changed = isFloat ? -1 : values.findIndex((value, i) => Number(converted[i]) !== value)
  if (changed !== -1) throw new InvalidInput(`Input "${name}" holds ${values[changed]}, outside of ${datatype}.`)
  return { name, datatype, shape, data: converted } as Tensor
}

interface NumericArray {
  readonly [index: number]: number | bigint
}
interface NumericArrayMaker {
  from(values: readonly number[], map?: (value: number) => bigint): NumericArray
}

const numericArrays = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as unknown as Readonly<Record<Exclude<Datatype, 'BYTES'>, NumericArrayMaker>>

function whole(name: string, data: ArrayLike<unknown>, datatype: Datatype): number[] {
  const values = Array.from(data, Number)
  const broken = values.findIndex((value) => !Number.isSafeInteger(value))
  if (broken === -1) return values
  throw new InvalidInput(
    `Input "${name}" element ${broken} is ${values[broken]}; the model takes whole numbers (${datatype}).`,
  )
}

function list(specs: readonly TensorSpec[]): string {
  return specs.map((spec) => `"${spec.name}" ${formatSpec(spec)}`).join(', ')
}
