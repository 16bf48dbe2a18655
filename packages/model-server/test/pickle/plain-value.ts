import {
  isDType,
  isGlobal,
  isNdArray,
  isObject,
  type NdArray,
  numericElements,
  fieldElements,
  type PyValue,
  textElements,
} from '../../src/pickle/index.ts'

/** A Python value as JSON would have it, for comparing with what Python itself said. */
export function plainValue(value: PyValue): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && Number.isNaN(value)) return null
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Uint8Array) return { bytes: Array.from(value) }
  if (Array.isArray(value)) return value.map(plainValue)
  if (value instanceof Set) return { set: Array.from(value, plainValue) }
  if (value instanceof Map)
    return Object.fromEntries(Array.from(value, ([key, item]) => [String(key), plainValue(item)]))
  if (isNdArray(value)) return nested(elementsOf(value), value.shape)
  if (isObject(value))
    return { type: value.type.name, args: value.args.map(plainValue), state: plainValue(value.state) }
  return isGlobal(value) || isDType(value) ? value : undefined
}

function elementsOf(array: NdArray): readonly unknown[] {
  if (array.objects) return array.objects.map(plainValue)
  const { fields } = array.dtype
  if (fields) {
    const columns = fields.map(({ name }) =>
      Array.from(fieldElements(array, name) as ArrayLike<number | bigint>, Number),
    )
    return Array.from({ length: array.shape[0] ?? 0 }, (_, row) => columns.map((column) => column[row]))
  }
  const numbers: ArrayLike<number | bigint> | undefined = numericElements(array)
  if (!numbers) return textElements(array) ?? []
  return Array.from(numbers, (item) => (array.dtype.code === 'b' ? item === 1 : Number(item)))
}

function nested(elements: readonly unknown[], shape: readonly number[]): unknown {
  const [size, ...rest] = shape
  if (size === undefined) return elements[0]
  const step = rest.reduce((product, length) => product * length, 1)
  return Array.from({ length: size }, (_, index) => nested(elements.slice(index * step, (index + 1) * step), rest))
}
