import { goQuote } from '../schema/go-text.ts'

/**
 * One step of a field path in FieldsV1's own spelling: `f:name` (field or map key), `k:{"name":"a"}` (item of a list
 * of type map), `v:"x"` (item of a set), `i:0` (position). Values are canonical JSON with sorted keys, so that equal
 * elements are equal strings.
 */
export type PathElement = string

export const fieldElement = (name: string): PathElement => `f:${name}`

export function keyElement(keys: Readonly<Record<string, unknown>>): PathElement {
  const entries = Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1))
  return `k:${JSON.stringify(Object.fromEntries(entries))}`
}

export const valueElement = (value: unknown): PathElement => `v:${JSON.stringify(value)}`

/** Reads an element as a client wrote it; undefined where it is none. `.` (the set itself) is not an element. */
export function parseElement(text: string): PathElement | undefined {
  const body = text.slice(2)
  switch (text.slice(0, 2)) {
    case 'f:':
      return text
    case 'i:':
      return /^\d{1,9}$/.test(body) ? `i:${Number(body)}` : undefined
    case 'v:': {
      const value = parsed(body)
      return value === undefined ? undefined : valueElement(value)
    }
    case 'k:': {
      const value = parsed(body)
      return isObject(value) ? keyElement(value) : undefined
    }
    default:
      return undefined
  }
}

/** The field name that an element selects; undefined for list items. */
export function fieldName(element: PathElement): string | undefined {
  return element.startsWith('f:') ? element.slice(2) : undefined
}

/** An element as conflict messages show it: `.replicas`, `[name="a"]`, `[="x"]`, `[0]`. */
export function elementText(element: PathElement): string {
  const body = element.slice(2)
  switch (element.slice(0, 2)) {
    case 'f:':
      return `.${body}`
    case 'k:': {
      const keys = Object.entries(parsed(body) ?? {}).map(([name, value]) => `${name}=${shown(value)}`)
      return `[${keys.join(',')}]`
    }
    case 'v:':
      return `[=${shown(parsed(body))}]`
    default:
      return `[${body}]`
  }
}

const ranks: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 }

/** structured-merge-diff's order: fields, keys, values, positions. */
export function compareElements(a: PathElement, b: PathElement): number {
  const rank = (ranks[a.slice(0, 1)] ?? 4) - (ranks[b.slice(0, 1)] ?? 4)
  return rank !== 0 ? rank : a < b ? -1 : a > b ? 1 : 0
}

function shown(value: unknown): string {
  return typeof value === 'string' ? goQuote(value) : JSON.stringify(value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
