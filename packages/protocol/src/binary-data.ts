import { InvalidInput } from './invalid-input.ts'
import { type Datatype, elementCount, type Tensor } from './tensor.ts'

/** Bytes an element takes on the wire; BYTES elements carry their own length. */
const elementBytes: { readonly [D in Exclude<Datatype, 'BYTES'>]: number } = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
}

/**
 * Tensor data as V2's Binary Tensor Data Extension sends it: little-endian elements in row-major order, each BYTES
 * element behind its length in four bytes. The result never shares memory with `bytes`. Throws `InvalidInput`.
 * Every machine that Node runs on in practice is little-endian, so typed arrays read the bytes as they are.
 */
export function readBinaryData(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  bytes: Buffer,
  label: string,
): Tensor {
  const count = elementCount(shape)
  if (datatype === 'BYTES') return { name, datatype, shape, data: readByteStrings(bytes, count, label) }
  const expected = count * elementBytes[datatype]
  if (bytes.length !== expected) {
    throw new InvalidInput(
      `${label} is ${datatype}[${shape.join(',')}], which is ${expected} bytes, but has ${bytes.length}.`,
    )
  }
  const copy = new Uint8Array(expected)
  copy.set(bytes)
  const buffer = copy.buffer
  switch (datatype) {
    case 'BOOL':
    case 'UINT8':
      return { name, datatype, shape, data: copy }
    case 'UINT16':
      return { name, datatype, shape, data: new Uint16Array(buffer) }
    case 'UINT32':
      return { name, datatype, shape, data: new Uint32Array(buffer) }
    case 'UINT64':
      return { name, datatype, shape, data: new BigUint64Array(buffer) }
    case 'INT8':
      return { name, datatype, shape, data: new Int8Array(buffer) }
    case 'INT16':
      return { name, datatype, shape, data: new Int16Array(buffer) }
    case 'INT32':
      return { name, datatype, shape, data: new Int32Array(buffer) }
    case 'INT64':
      return { name, datatype, shape, data: new BigInt64Array(buffer) }
    case 'FP16':
      return { name, datatype, shape, data: new Float16Array(buffer) }
    case 'FP32':
      return { name, datatype, shape, data: new Float32Array(buffer) }
    case 'FP64':
      return { name, datatype, shape, data: new Float64Array(buffer) }
  }
}

/** The same form, for an answer. */
export function writeBinaryData(tensor: Tensor): Buffer {
  if (tensor.datatype !== 'BYTES') {
    const { buffer, byteOffset, byteLength } = tensor.data
    return Buffer.from(buffer, byteOffset, byteLength)
  }
  const parts: Buffer[] = []
  for (const value of tensor.data) {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    parts.push(length, bytes)
  }
  return Buffer.concat(parts)
}

function readByteStrings(bytes: Buffer, count: number, label: string): (string | Uint8Array)[] {
  const out: (string | Uint8Array)[] = []
  let at = 0
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw new InvalidInput(`${label} ends inside the length of element ${out.length}.`)
    const length = bytes.readUInt32LE(at)
    at += 4
    if (at + length > bytes.length) {
      throw new InvalidInput(`${label} element ${out.length} has ${length} bytes, but ${bytes.length - at} are left.`)
    }
    out.push(textOrBytes(bytes.subarray(at, at + length)))
    at += length
  }
  if (out.length !== count) throw new InvalidInput(`${label} has ${out.length} elements; its shape asks for ${count}.`)
  return out
}

function textOrBytes(bytes: Buffer): string | Uint8Array {
  const text = bytes.toString('utf8')
  return text.includes('\uFFFD') && !Buffer.from(text, 'utf8').equals(bytes) ? Uint8Array.from(bytes) : text
}
