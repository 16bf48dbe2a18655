import { isUtf8 } from 'node:buffer'
import { InvalidInput } from './invalid-input.ts'
import { findJsonError } from './json-error.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** The body as JSON. Throws `InvalidInput` with line and column where it is none. */
export function parseJsonBody(body: Buffer): unknown {
  const text = decodeText(body)
  try {
    return JSON.parse(text)
  } catch {
    const found = findJsonError(text)
    const where = found ? `line ${found.line}, column ${found.column}: ${found.what}` : 'it nests too deep'
    throw new InvalidInput(`The body is not JSON at ${where}.`)
  }
}

/**
 * The same body with integers beyond ±(2^53-1) as bigint. Several times slower, so it is asked for only when such a
 * number was seen.
 */
export function parseJsonBodyExactly(body: Buffer): unknown {
  const reviver = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const source = context?.source
    if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value
    return /^-?\d{1,40}$/.test(source) ? BigInt(source) : value
  }
  return JSON.parse(decodeText(body), reviver)
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How a message calls a JSON value: `text "abc"`, `an array`, `null`. Long text is cut. */
export function describeJson(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'string') return `text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`
  return String(value)
}

function decodeText(body: Buffer): string {
  if (body.length === 0) throw new InvalidInput('The body is empty.')
  if (!isUtf8(body)) throw new InvalidInput('The body is not UTF-8 text.')
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
  return body.toString('utf8', hasMark ? 3 : 0)
}
