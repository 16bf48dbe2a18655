import type { Datatype, Tensor } from '@millrace/protocol'
import type { Tensor as OrtTensor } from 'onnxruntime-node'

/** onnxruntime's element types and the protocol's, one row each. Their arrays are the same typed arrays. */
const rows = [
  ['float32', 'FP32'],
  ['float64', 'FP64'],
  ['float16', 'FP16'],
  ['int8', 'INT8'],
  ['int16', 'INT16'],
  ['int32', 'INT32'],
  ['int64', 'INT64'],
  ['uint8', 'UINT8'],
  ['uint16', 'UINT16'],
  ['uint32', 'UINT32'],
  ['uint64', 'UINT64'],
  ['bool', 'BOOL'],
  ['string', 'BYTES'],
] as const satisfies readonly (readonly [OrtTensor.Type, Datatype])[]

const toDatatype = new Map<string, Datatype>(rows)
const toType = new Map<Datatype, OrtTensor.Type>(rows.map(([type, datatype]) => [datatype, type]))

/** Undefined for types that the protocol has not (bfloat16, complex, 4-bit integers …). */
export function datatypeOf(type: string): Datatype | undefined {
  return toDatatype.get(type)
}

/** onnxruntime's name for every datatype of the protocol. */
export function typeOf(datatype: Datatype): OrtTensor.Type {
  const type = toType.get(datatype)
  if (type === undefined) throw new Error(`no onnxruntime type for ${datatype}`)
  return type
}

/** An answer of onnxruntime as a tensor of the protocol, sharing its memory. */
export function fromOrt(name: string, value: OrtTensor): Tensor {
  const datatype = datatypeOf(value.type)
  if (datatype === undefined) throw new Error(`output "${name}" came as ${value.type}`)
  if (value.data instanceof Uint16Array && datatype === 'FP16') {
    const { buffer, byteOffset, length } = value.data
    return { name, datatype, shape: value.dims, data: new Float16Array(buffer, byteOffset, length) }
  }
  // Both sides hold a datatype in the same typed array (see `rows`), which the type checker cannot follow.
  return { name, datatype, shape: value.dims, data: value.data } as unknown as Tensor
}
