import { InvalidInput } from './invalid-input.ts'
import { elementCount, type Tensor } from './tensor.ts'

/** The tensor as nested JSON arrays of its shape. */
export function formatNested(tensor: Tensor): string {
  return formatPart(tensor, 0, 0, elementCount(tensor.shape))
}

/** One index of the first dimension, as nested JSON arrays of the other dimensions. */
export function formatNestedRow(tensor: Tensor, row: number): string {
  const size = elementCount(tensor.shape.slice(1))
  return formatPart(tensor, 1, row * size, (row + 1) * size)
}

/** The elements in row-major order as one flat JSON array: the form V2 answers have. */
export function formatFlat(tensor: Tensor): string {
  return `[${formatElements(tensor, 0, tensor.data.length)}]`
}

function formatPart(tensor: Tensor, depth: number, from: number, to: number): string {
  const rest = tensor.shape.length - depth
  if (rest <= 0) return formatElements(tensor, from, to)
  if (rest === 1) return `[${formatElements(tensor, from, to)}]`
  const count = tensor.shape[depth] ?? 0
  const stride = count === 0 ? 0 : (to - from) / count
  const parts: string[] = []
  for (let i = 0; i < count; i++) parts.push(formatPart(tensor, depth + 1, from + i * stride, from + (i + 1) * stride))
  return `[${parts.join(',')}]`
}

function formatElements(tensor: Tensor, from: number, to: number): string {
  switch (tensor.datatype) {
    case 'BOOL':
      return Array.from(tensor.data.subarray(from, to), (v) => v !== 0).join(',')
    case 'BYTES':
      return tensor.data
        .slice(from, to)
        .map((value) => JSON.stringify(typeof value === 'string' ? value : decode(value, tensor.name)))
        .join(',')
    case 'FP16':
    case 'FP32':
    case 'FP64':
      return formatFloats(tensor.data, from, to)
    default:
      return tensor.data.subarray(from, to).join(',')
  }
}

/** JSON.stringify of plain numbers is the fastest way there is, and writes NaN and infinities as null. */
function formatFloats(data: Float16Array | Float32Array | Float64Array, from: number, to: number): string {
  const numbers: number[] = []
  for (let i = from; i < to; i++) numbers.push(data[i] as number)
  return JSON.stringify(numbers).slice(1, -1)
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new InvalidInput(`Output "${name}" holds bytes that are not UTF-8 text; ask for it with "binary_data": true.`)
  }
}
