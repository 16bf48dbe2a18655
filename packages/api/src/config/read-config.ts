import { resolve, type SchemaData } from '../schema/schema.ts'
import { isRecord } from '../validate/check-schema.ts'
import { checkSchema } from '../validate/check-schema.ts'
import { errorAt, type Finding, warningAt } from '../validate/finding.ts'
import { nearName } from '../validate/near-name.ts'

type Path = readonly (string | number)[]

/**
 * A value of `schema` made from parsed JSON: defaults filled in, numbers and booleans taken from strings, field names in
 * any case (Go's decoder, for which these texts were written, takes them so). What is wrong is reported and replaced by
 * its default; the rest is kept.
 */
export function readConfig(schema: SchemaData, value: unknown, path: Path, findings: Finding[]): unknown {
  const full = resolve(schema)
  if (value === undefined || value === null) return defaultOf(full, path, findings)
  if (full.properties) return readObject(full, value, path, findings)
  const taken = coerce(full, value)
  const wrong = checkSchema(full, taken)
  if (wrong.length === 0) return taken
  for (const { rule, message, segments } of wrong)
    findings.push(errorAt([...path, ...segments], rule, message, { value }))
  return defaultOf(full, path, findings)
}

function readObject(schema: SchemaData, value: unknown, path: Path, findings: Finding[]): unknown {
  if (!isRecord(value)) {
    findings.push(errorAt(path, 'type', 'must be an object in braces', { value }))
    return readObject(schema, {}, path, findings)
  }
  const names = Object.keys(schema.properties ?? {})
  const byLowerCase = new Map(names.map((name) => [name.toLowerCase(), name]))
  const given = new Map<string, unknown>()
  for (const [name, field] of Object.entries(value)) {
    const known = byLowerCase.get(name.toLowerCase())
    if (known) given.set(known, field)
    else findings.push(unknownField(name, names, path))
  }
  const out: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const read = readConfig(field, given.get(name), [...path, name], findings)
    if (read !== undefined) out[name] = read
  }
  return out
}

function unknownField(name: string, names: readonly string[], path: Path): Finding {
  const near = nearName(name, names)
  const advice = near === undefined ? 'it is ignored' : `did you mean ${JSON.stringify(near)}? It is ignored`
  const message = `there is no setting ${JSON.stringify(name)}: ${advice}`
  return warningAt([...path, name], 'unknown-field', message, near === undefined ? {} : { suggestion: near })
}

/** An object without a default is made of its fields' defaults, if it must be there. */
function defaultOf(schema: SchemaData, path: Path, findings: Finding[]): unknown {
  if (schema.default !== undefined) return schema.default
  return schema.properties && schema.required?.length && isComplete(schema)
    ? readObject(schema, {}, path, findings)
    : undefined
}

function isComplete(schema: SchemaData): boolean {
  return (schema.required ?? []).every((name) => {
    const field = schema.properties?.[name]
    return field !== undefined && (field.default !== undefined || (field.properties !== undefined && isComplete(field)))
  })
}

function coerce(schema: SchemaData, value: unknown): unknown {
  if (schema.type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  if (schema.type === 'integer' && typeof value === 'string' && /^-?\d+$/.test(value)) return Number(value)
  if (schema.type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return String(value)
  return value
}
