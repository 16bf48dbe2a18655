import type { FieldError } from './field-error.ts'
import type { JsonSchema } from './schema.ts'

/**
 * apiextensions' rules for a structural schema, with paths below `path` (for example
 * `spec.versions[0].schema.openAPIV3Schema`). Empty: structural. CEL rules are checked by `checkRules`.
 */
export function checkStructural(crdSchema: JsonSchema, path: string): readonly FieldError[] {
  return []
}
