import { anySchema } from '../schema/compile-schema.ts'
import type { Schema } from '../schema/schema.ts'
import { keyElement, type PathElement, valueElement } from './path-element.ts'

type Json = Record<string, unknown>

/**
 * How structured-merge-diff sees a value: what it is (scalar, list, map), whether its parts are owned one by one, and
 * by what a list's items are told apart. Unknown fields (below preserve-unknown-fields, free-form objects) are
 * "deduced": maps granular, lists atomic.
 */
export type Shape = 'scalar' | 'list' | 'map'

/** RawExtension is owned as a whole, whatever is in it. */
const isOpaque = (schema: Schema): boolean => schema.typeName === 'RawExtension'

/** What a value is by its schema; where the schema leaves it open, by the value. Null is what the schema says. */
export function shapeOf(schema: Schema, value: unknown): Shape {
  if (schema.intOrString || schema.quantity) return 'scalar'
  if (schema.type === 'object') return 'map'
  if (schema.type === 'array') return 'list'
  if (schema.type !== undefined) return 'scalar'
  if (Array.isArray(value)) return 'list'
  return typeof value === 'object' ? 'map' : 'scalar'
}

/** Parts are not told apart: the whole is one field. */
export function isAtomic(schema: Schema, shape: Shape): boolean {
  if (isOpaque(schema)) return true
  if (shape === 'map') return schema.mapType === 'atomic'
  return listRelation(schema) === 'atomic'
}

function listRelation(schema: Schema): 'atomic' | 'set' | 'map' {
  if (schema.listType !== undefined) return schema.listType
  if (!schema.patchStrategy.includes('merge')) return 'atomic'
  return schema.patchMergeKey === undefined ? 'set' : 'map'
}

export function listKeysOf(schema: Schema): readonly string[] {
  if (schema.listType === 'map') return schema.listKeys
  return schema.listType === undefined && schema.patchMergeKey !== undefined ? [schema.patchMergeKey] : []
}

/** Schema of a field or map key; undefined: not declared there. */
export function fieldSchema(schema: Schema | undefined, name: string): Schema | undefined {
  if (!schema) return undefined
  const known = schema.properties?.get(name)
  if (known) return known
  if (schema.additional) return schema.additional
  if (schema.tracksUnknown || schema.preserveUnknown || !schema.properties) return anySchema
  return undefined
}

/** Schema of a list's items. */
export function elementSchema(schema: Schema | undefined): Schema {
  return schema?.items ?? anySchema
}

/** The declared field, as against a key of a map. */
export function isDeclared(schema: Schema, name: string): boolean {
  return schema.properties?.has(name) === true
}

export type ItemElement =
  | { readonly ok: true; readonly element: PathElement }
  | { readonly ok: false; readonly message: string }

/** What names a list's item: its keys (absent ones by their default) or, in a set, its value. */
export function itemElement(schema: Schema, item: unknown): ItemElement {
  const keys = listKeysOf(schema)
  if (keys.length === 0) return setElement(item)
  if (item === null || item === undefined) {
    return { ok: false, message: 'associative list with keys may not have a null element' }
  }
  if (!isMap(item)) return { ok: false, message: 'associative list with keys may not have non-map elements' }
  const found: Json = {}
  for (const key of keys) {
    const value = Object.hasOwn(item, key) ? item[key] : schema.items?.properties?.get(key)?.default
    if (value !== undefined) found[key] = value
  }
  if (Object.keys(found).length === 0) {
    const names = keys.map((key) => JSON.stringify(key)).join(' ')
    const reason = "and doesn't have default values for any key fields"
    return {
      ok: false,
      message: `associative list with keys has an element that omits all key fields [${names}] (${reason})`,
    }
  }
  return { ok: true, element: keyElement(found) }
}

function setElement(item: unknown): ItemElement {
  const bad = (what: string): ItemElement => ({
    ok: false,
    message: `associative list without keys has an element that's ${what}`,
  })
  if (item === null || item === undefined) return bad('an explicit null')
  if (Array.isArray(item)) return { ok: false, message: 'not supported: associative list with lists as elements' }
  if (typeof item === 'object') return bad('a map type')
  return { ok: true, element: valueElement(item) }
}

export function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
