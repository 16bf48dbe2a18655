import { type DType, type DTypeCode, type DTypeField, isDType, type PyValue } from './py-value.ts'

/** Text and raw items may be long; nothing in a model file comes near this. */
const itemBytesMax = 1 << 24

/** Reads `f8`, `<i4`, `U12`, `b1`, `O8`: numpy's array protocol type strings. Undefined when it is none of them. */
export function parseDType(text: string): DType | undefined {
  const match = /^([<>|=]?)([biufcUSOVMm?])(\d{0,9})(?:\[[^\]]{1,16}\])?$/.exec(text)
  if (!match) return undefined
  const [, order = '', letter = '', digits = ''] = match
  const code = (letter === '?' ? 'b' : letter) as DTypeCode
  const size = digits === '' ? defaultSize(code) : Number(digits)
  const itemBytes = code === 'U' ? size * 4 : size
  if (itemBytes > itemBytesMax || !isSizeOf(code, itemBytes)) return undefined
  return { kind: 'dtype', code, itemBytes, isBigEndian: order === '>', fields: undefined, isSubarray: false }
}

/**
 * Applies what numpy pickles beside a dtype's name: `(version, byte order, subarray, names, fields, item size, alignment,
 * flags[, metadata])`. False when the state does not fit the type.
 */
export function setDTypeState(dtype: DType, state: readonly PyValue[]): boolean {
  const [, order, subarray, names, fields, itemBytes] = state
  if (state.length < 6 || typeof order !== 'string' || typeof itemBytes !== 'number') return false
  dtype.isBigEndian = order === '>'
  dtype.isSubarray = subarray !== null
  if (itemBytes >= 0) {
    if (itemBytes > itemBytesMax || !isSizeOf(dtype.code, itemBytes)) return false
    dtype.itemBytes = itemBytes
  }
  if (names === null) return true
  if (dtype.code !== 'V' || !Array.isArray(names) || !(fields instanceof Map)) return false
  const found: DTypeField[] = []
  for (const name of names) {
    const entry = fields.get(name)
    if (typeof name !== 'string' || !Array.isArray(entry)) return false
    const [type, offset] = entry
    if (!isDType(type) || type === dtype || typeof offset !== 'number' || !Number.isInteger(offset)) return false
    if (offset < 0 || offset + type.itemBytes > dtype.itemBytes) return false
    found.push({ name, dtype: type, offset })
  }
  dtype.fields = found
  return true
}

/** Whether elements are Python objects, which are pickled one by one and have no bytes in the array. */
export function holdsObjects(dtype: DType): boolean {
  return dtype.code === 'O' || (dtype.fields?.some((field) => field.dtype.code === 'O') ?? false)
}

/** `<f8`, `|b1`, `<U12`: numpy's spelling. */
export function formatDType(dtype: DType): string {
  const order = dtype.itemBytes === 1 || dtype.code === 'O' || dtype.code === 'V' ? '|' : dtype.isBigEndian ? '>' : '<'
  return `${order}${dtype.code}${dtype.code === 'U' ? dtype.itemBytes / 4 : dtype.itemBytes}`
}

const defaultSize = (code: DTypeCode): number =>
  code === 'U' || code === 'S' || code === 'V' ? 0 : code === 'b' ? 1 : 8

function isSizeOf(code: DTypeCode, bytes: number): boolean {
  switch (code) {
    case 'b':
      return bytes === 1
    case 'i':
    case 'u':
      return bytes === 1 || bytes === 2 || bytes === 4 || bytes === 8
    case 'f':
      return bytes === 2 || bytes === 4 || bytes === 8 || bytes === 12 || bytes === 16
    case 'c':
      return bytes === 8 || bytes === 16 || bytes === 24 || bytes === 32
    case 'U':
      return bytes % 4 === 0
    case 'O':
    case 'M':
    case 'm':
      return bytes === 8 || (code === 'O' && bytes === 4)
    default:
      return true
  }
}
