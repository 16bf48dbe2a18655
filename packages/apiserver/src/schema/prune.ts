import type { Schema } from './schema.ts'

/** The value without the fields that the schema does not know. Shares every unchanged part with the argument. */
export function prune<T>(value: T, schema: Schema): T {
  throw new Error(`to be written ${String(value)} ${String(schema)}`)
}

/**
 * Paths of unknown fields as strict field validation names them: `spec.x`, `spec.containers[0].y`. The sentence around
 * each is `unknown field "spec.x"`, and the whole 400 answer `strict decoding error: unknown field "a", unknown field "b"`.
 */
export function unknownFields(value: unknown, schema: Schema): readonly string[] {
  throw new Error(`to be written ${String(value)} ${String(schema)}`)
}
