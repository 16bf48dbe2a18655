import type { Schema } from './schema.ts'

type Json = Record<string, unknown>

/** The value without the fields that the schema does not know. Shares every unchanged part with the argument. */
export function prune<T>(value: T, schema: Schema): T {
  return walk(value, schema, undefined, '') as T
}

/**
 * Paths of unknown fields as strict field validation names them: `spec.x`, `spec.containers[0].y`. The sentence around
 * each is `unknown field "spec.x"`, and the whole 400 answer `strict decoding error: unknown field "a", unknown field "b"`.
 */
export function unknownFields(value: unknown, schema: Schema): readonly string[] {
  const found: string[] = []
  walk(value, schema, found, '')
  return found
}

/** Below preserve-unknown-fields, known properties are still pruned by their own schema (apiextensions' rule). */
function walk(value: unknown, schema: Schema, found: string[] | undefined, path: string): unknown {
  if (Array.isArray(value)) {
    const items = schema.items
    return items ? walkList(value, items, found, path) : value
  }
  if (typeof value !== 'object' || value === null) return value
  return walkObject(value as Json, schema, found, path)
}

function walkList(list: readonly unknown[], items: Schema, found: string[] | undefined, path: string): unknown {
  let out: unknown[] | undefined
  list.forEach((item, index) => {
    const kept = walk(item, items, found, found ? `${path}[${index}]` : path)
    if (kept !== item) {
      out ??= [...list]
      out[index] = kept
    }
  })
  return out ?? list
}

function walkObject(object: Json, schema: Schema, found: string[] | undefined, path: string): unknown {
  let out: Json | undefined
  for (const [key, item] of Object.entries(object)) {
    const child = schema.properties?.get(key) ?? schema.additional
    const childPath = found ? (path === '' ? key : `${path}.${key}`) : path
    if (!child) {
      if (schema.preserveUnknown) continue
      found?.push(childPath)
      out ??= { ...object }
      delete out[key]
      continue
    }
    const kept = walk(item, child, found, childPath)
    if (kept !== item) {
      out ??= { ...object }
      out[key] = kept
    }
  }
  return out ?? object
}
