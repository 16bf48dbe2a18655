import { anySchema, compileCrdSchema } from './compile-schema.ts'
import { deepEqual } from './deep-equal.ts'
import { type FieldError, invalid } from './field-error.ts'
import { prune } from './prune.ts'
import type { JsonSchema, Schema } from './schema.ts'
import { validate } from './validate.ts'

/** Whether a node's default is pruned and valid by the node's own schema. */
export function checkDefault(schema: JsonSchema, path: string): readonly FieldError[] {
  const compiled = withoutObjectFields(compileCrdSchema({ type: 'object', properties: { value: schema } }, anySchema))
  if (!compiled) return []
  const { default: value } = schema
  const findings: FieldError[] = []
  if (schema['x-kubernetes-embedded-resource'] !== true && !deepEqual(prune(value, compiled), value)) {
    findings.push(invalid(`${path}.default`, value, 'must not have unknown fields'))
  }
  const wrong = validate(value, compiled).map((finding) => ({
    ...finding,
    field: finding.field === '' ? `${path}.default` : `${path}.default.${finding.field}`,
  }))
  return [...findings, ...wrong]
}

function withoutObjectFields(root: Schema): Schema | undefined {
  return root.properties?.get('value')
}
