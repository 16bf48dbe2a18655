import type { Schema } from './schema.ts'

/**
 * The value with the schema's defaults filled in, and nulls dropped where a field is not nullable and has a default
 * (apiextensions' rule). Shares every unchanged part with the argument; defaults are cloned.
 */
export function applyDefaults<T>(value: T, schema: Schema): T {
  throw new Error(`to be written ${String(value)} ${String(schema)}`)
}
