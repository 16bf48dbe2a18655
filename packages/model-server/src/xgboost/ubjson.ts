import { ModelUnreadable } from '../runtime.ts'

/** Nesting that XGBoost's own documents stay far below. */
const depthMax = 64

interface Cursor {
  readonly bytes: Buffer
  at: number
}

/**
 * Reads a UBJSON document (https://ubjson.org, draft 12) as XGBoost writes it: big-endian, arrays of one type with their
 * count in front. Such arrays become typed arrays (64-bit integers as Float64Array); everything else is as JSON.parse
 * would give it. No count is believed before the bytes for it are there. Rejects by throwing `ModelUnreadable` with the
 * byte offset.
 */
export function parseUbjson(bytes: Buffer): unknown {
  const cursor = { bytes, at: 0 }
  const value = readValue(cursor, readMarker(cursor), 0)
  if (cursor.at !== bytes.length) throw corrupt(cursor, `${bytes.length - cursor.at} bytes follow the document`)
  return value
}

function readValue(cursor: Cursor, marker: string, depth: number): unknown {
  if (depth > depthMax) throw corrupt(cursor, `it nests deeper than ${depthMax}`)
  switch (marker) {
    case '{':
      return readObject(cursor, depth)
    case '[':
      return readArray(cursor, depth)
    case 'S':
    case 'H':
      return readText(cursor, readLength(cursor))
    case 'C':
      return readText(cursor, 1)
    case 'T':
      return true
    case 'F':
      return false
    case 'Z':
      return null
    default:
      return readNumber(cursor, marker)
  }
}

const numberBytes: Readonly<Record<string, number>> = { i: 1, U: 1, I: 2, l: 4, L: 8, d: 4, D: 8 }

function readNumber(cursor: Cursor, marker: string): number {
  const { bytes } = cursor
  const at = take(cursor, numberBytes[marker] ?? unknownMarker(cursor, marker))
  switch (marker) {
    case 'i':
      return bytes.readInt8(at)
    case 'U':
      return bytes.readUInt8(at)
    case 'I':
      return bytes.readInt16BE(at)
    case 'l':
      return bytes.readInt32BE(at)
    case 'd':
      return bytes.readFloatBE(at)
    case 'D':
      return bytes.readDoubleBE(at)
    default:
      return Number(bytes.readBigInt64BE(at))
  }
}

function readObject(cursor: Cursor, depth: number): Record<string, unknown> {
  const entries: [string, unknown][] = []
  const count = readCount(cursor)
  while (count === undefined ? peek(cursor) !== '}' : entries.length < count) {
    const key = readText(cursor, readLength(cursor))
    entries.push([key, readValue(cursor, readMarker(cursor), depth + 1)])
  }
  if (count === undefined) cursor.at++
  return Object.fromEntries(entries)
}

function readArray(cursor: Cursor, depth: number): unknown {
  if (peek(cursor) === '$') {
    cursor.at++
    const marker = readMarker(cursor)
    const count = readCount(cursor)
    if (count === undefined) throw corrupt(cursor, 'an array has a type but no count')
    return readTypedArray(cursor, marker, count)
  }
  const items: unknown[] = []
  const count = readCount(cursor)
  while (count === undefined ? peek(cursor) !== ']' : items.length < count) {
    items.push(readValue(cursor, readMarker(cursor), depth + 1))
  }
  if (count === undefined) cursor.at++
  return items
}

function readTypedArray(cursor: Cursor, marker: string, count: number): unknown {
  const width = numberBytes[marker] ?? unknownMarker(cursor, marker)
  const at = take(cursor, count * width)
  const copy = Buffer.from(new Uint8Array(cursor.bytes.subarray(at, at + count * width)).buffer)
  switch (marker) {
    case 'i':
      return new Int8Array(copy.buffer)
    case 'U':
      return new Uint8Array(copy.buffer)
    case 'I':
      return new Int16Array(copy.swap16().buffer)
    case 'l':
      return new Int32Array(copy.swap32().buffer)
    case 'd':
      return new Float32Array(copy.swap32().buffer)
    case 'D':
      return new Float64Array(copy.swap64().buffer)
    default:
      return Float64Array.from(new BigInt64Array(copy.swap64().buffer), Number)
  }
}

/** The count behind `#`; undefined when there is none. */
function readCount(cursor: Cursor): number | undefined {
  if (peek(cursor) !== '#') return undefined
  cursor.at++
  return readLength(cursor)
}

/** A length or count. Every element takes a byte at least, so more than what is left is a lie. */
function readLength(cursor: Cursor): number {
  const length = readNumber(cursor, readMarker(cursor))
  const left = cursor.bytes.length - cursor.at
  if (!Number.isInteger(length) || length < 0 || length > left) {
    throw corrupt(cursor, `it names ${length} elements where ${left} bytes are left`)
  }
  return length
}

function readText(cursor: Cursor, length: number): string {
  const at = take(cursor, length)
  return cursor.bytes.toString('utf8', at, at + length)
}

function readMarker(cursor: Cursor): string {
  let marker = peek(cursor)
  cursor.at++
  while (marker === 'N') {
    marker = peek(cursor)
    cursor.at++
  }
  return marker
}

function peek(cursor: Cursor): string {
  const code = cursor.bytes[cursor.at]
  if (code === undefined) throw corrupt(cursor, 'the file ends in the middle')
  return String.fromCharCode(code)
}

function take(cursor: Cursor, length: number): number {
  const { at } = cursor
  if (at + length > cursor.bytes.length) {
    throw corrupt(cursor, `${length} bytes are needed, ${cursor.bytes.length - at} are left: the file is cut off`)
  }
  cursor.at += length
  return at
}

function unknownMarker(cursor: Cursor, marker: string): never {
  throw corrupt(cursor, `${JSON.stringify(marker)} is no UBJSON type`)
}

function corrupt(cursor: Cursor, what: string): ModelUnreadable {
  return new ModelUnreadable(`the UBJSON document is broken at byte ${cursor.at}: ${what}`)
}
