import type { FieldError } from './field-error.ts'
import type { Schema } from './schema.ts'

/**
 * All value validations of a custom resource but the CEL rules: types, bounds, formats, enums, allOf/anyOf/oneOf/not,
 * list-type set and map uniqueness. Empty: valid.
 */
export function validate(value: unknown, schema: Schema): readonly FieldError[] {
  throw new Error(`to be written ${String(value)} ${String(schema)}`)
}
