import type { Schema } from './schema.ts'

type Json = Record<string, unknown>

/**
 * The value with the schema's defaults filled in: absent fields, and nulls where the field is not nullable. Shares
 * every unchanged part with the argument; defaults are cloned. Run `dropNulls` before it, as apiextensions does.
 */
export function applyDefaults<T>(value: T, schema: Schema): T {
  return fill(value, schema) as T
}

function fill(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) {
    const items = schema.items
    return items ? mapShared(value, (item) => fill(defaulted(item, items), items)) : value
  }
  if (typeof value !== 'object' || value === null) return value
  const object = value as Json
  let out: Json | undefined
  const set = (key: string, item: unknown) => {
    out ??= { ...object }
    out[key] = item
  }
  if (schema.properties) {
    for (const [key, property] of schema.properties) {
      if (property.default === undefined || Object.hasOwn(object, key)) continue
      set(key, fill(structuredClone(property.default), property))
    }
  }
  for (const [key, item] of Object.entries(object)) {
    const child = schema.properties?.get(key) ?? schema.additional
    if (!child) continue
    const filled = fill(defaulted(item, child), child)
    if (filled !== item) set(key, filled)
  }
  return out ?? value
}

function defaulted(value: unknown, schema: Schema): unknown {
  const isWrongNull = value === null && !schema.nullable && schema.default !== undefined
  return isWrongNull ? structuredClone(schema.default) : value
}

/** The value without nulls in fields that are neither nullable nor have a default: an absent field is meant. */
export function dropNulls<T>(value: T, schema: Schema): T {
  return withoutNulls(value, schema) as T
}

function withoutNulls(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) {
    const items = schema.items
    return items ? mapShared(value, (item) => withoutNulls(item, items)) : value
  }
  if (typeof value !== 'object' || value === null) return value
  const object = value as Json
  let out: Json | undefined
  for (const [key, item] of Object.entries(object)) {
    const child = schema.properties?.get(key) ?? schema.additional
    if (!child) continue
    const kept = withoutNulls(item, child)
    const isDropped = item === null && !child.nullable && child.default === undefined
    if (kept === item && !isDropped) continue
    out ??= { ...object }
    if (isDropped) delete out[key]
    else out[key] = kept
  }
  return out ?? value
}

function mapShared(list: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  let out: unknown[] | undefined
  list.forEach((item, index) => {
    const changed = change(item)
    if (changed === item) return
    out ??= [...list]
    out[index] = changed
  })
  return out ?? list
}
