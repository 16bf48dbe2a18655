import type { SchemaData } from '../schema/schema.ts'
import { isRecord } from './check-schema.ts'
import { errorAt, type Finding } from './finding.ts'

/**
 * What the rules that stand in a schema say of a value that it accepts, wherever they are below. `old` is the value before,
 * on updates: rules about changes are asked where the same place was there before. Items of lists have no before.
 */
export function checkSchemaRules(
  schema: SchemaData,
  value: unknown,
  old: unknown,
  path: readonly (string | number)[] = [],
): Finding[] {
  if (value === undefined || !hasRules(schema)) return []
  const findings: Finding[] = []
  for (const { name, isChange, faults } of schema.rules ?? []) {
    if (isChange && old === undefined) continue
    for (const fault of faults(value, old)) {
      const { message, value: at, suggestion } = fault
      const options = suggestion === undefined ? { value: at } : { value: at, suggestion }
      findings.push(errorAt([...path, ...fault.path], name, message, options))
    }
  }
  return [...findings, ...below(schema, value, old, path)]
}

function below(schema: SchemaData, value: unknown, old: unknown, path: readonly (string | number)[]): Finding[] {
  if (Array.isArray(value)) {
    const { items } = schema
    return items ? value.flatMap((item, index) => checkSchemaRules(items, item, undefined, [...path, index])) : []
  }
  if (!isRecord(value)) return []
  const before = isRecord(old) ? old : {}
  return Object.entries(value).flatMap(([name, field]) => {
    const inner = schema.properties?.[name] ?? schema.values
    return inner ? checkSchemaRules(inner, field, before[name], [...path, name]) : []
  })
}

const known = new WeakMap<SchemaData, boolean>()

/** Whether there is a rule in or below a schema. Kubernetes' own types have none. */
function hasRules(schema: SchemaData): boolean {
  if (schema.rules) return true
  if (schema.foreign || schema.$ref) return false
  const found = known.get(schema)
  if (found !== undefined) return found
  const inner = [...Object.values(schema.properties ?? {}), schema.items, schema.values]
  const answer = inner.some((each) => each !== undefined && hasRules(each))
  known.set(schema, answer)
  return answer
}
