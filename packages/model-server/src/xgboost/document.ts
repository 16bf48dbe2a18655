import { ModelUnreadable } from '../runtime.ts'

/** A place inside a parsed model document, so that every complaint can name its path. */
export interface Part {
  readonly path: string
  readonly value: unknown
}

export function field(part: Part, name: string): Part {
  const path = part.path === '' ? name : `${part.path}.${name}`
  const { value } = part
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name)
  return { path, value: isObject ? (value as Record<string, unknown>)[name] : undefined }
}

export function items(part: Part): Part[] {
  if (!Array.isArray(part.value)) throw new ModelUnreadable(`"${part.path}" is ${kind(part.value)}; expected a list`)
  return part.value.map((value: unknown, i) => ({ path: `${part.path}[${i}]`, value }))
}

/** A list of numbers (JSON array or typed array); booleans, which old releases write, count as 0 and 1. */
export function numbers(part: Part, length?: number): ArrayLike<number> {
  const { value } = part
  const list =
    ArrayBuffer.isView(value) && !(value instanceof DataView) ? value : Array.isArray(value) ? value : undefined
  if (list === undefined) throw new ModelUnreadable(`"${part.path}" is ${kind(value)}; expected a list of numbers`)
  const array = list as ArrayLike<unknown>
  if (length !== undefined && array.length !== length) {
    throw new ModelUnreadable(`"${part.path}" has ${array.length} elements; expected ${length}`)
  }
  if (!Array.isArray(value)) return array as ArrayLike<number>
  return value.map((element: unknown, i) => {
    if (typeof element === 'number') return element
    if (typeof element === 'boolean') return Number(element)
    throw new ModelUnreadable(`"${part.path}[${i}]" is ${kind(element)}; expected a number`)
  })
}

/** A number, which XGBoost writes as text in its parameter objects. */
export function scalar(part: Part, absent?: number): number {
  const { value } = part
  if (value === undefined && absent !== undefined) return absent
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || Number.isNaN(number)) {
    throw new ModelUnreadable(`"${part.path}" is ${kind(value)}; expected a number`)
  }
  return number
}

/** A whole number from 0 to `max`. */
export function count(part: Part, max: number, absent?: number): number {
  const number = scalar(part, absent)
  if (!Number.isInteger(number) || number < 0 || number > max) {
    throw new ModelUnreadable(`"${part.path}" is ${number}; expected a whole number up to ${max}`)
  }
  return number
}

export function text(part: Part): string {
  if (typeof part.value === 'string') return part.value
  throw new ModelUnreadable(`"${part.path}" is ${kind(part.value)}; expected text`)
}

export function texts(part: Part): string[] {
  return part.value === undefined ? [] : items(part).map(text)
}

function kind(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (typeof value === 'string') return `text ${JSON.stringify(value.slice(0, 40))}`
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : String(value)
}
