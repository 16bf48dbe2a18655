import { type FieldError, forbidden, invalid, notSupported, required } from './field-error.ts'
import type { JsonSchema } from './schema.ts'

/** apiextensions' rules about x-kubernetes-list-type, -list-map-keys, -map-type and -preserve-unknown-fields of one node. */
export function checkListAndMapTypes(schema: JsonSchema, path: string): readonly FieldError[] {
  const findings: FieldError[] = []
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    findings.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  }
  findings.push(...checkKind(schema, path, 'map', 'object', ['atomic', 'granular']))
  findings.push(...checkKind(schema, path, 'list', 'array', ['atomic', 'set', 'map']))
  const listType = schema['x-kubernetes-list-type']
  const keys = keysOf(schema)
  if (listType === 'set' && schema.type === 'array') findings.push(...checkSetItems(schema, path))
  if (keys.length > 0 && listType !== 'map') {
    const at = `${path}.x-kubernetes-list-type`
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    findings.push(listType === undefined ? required(at, detail) : invalid(at, listType, detail))
  }
  if (listType === 'map') findings.push(...checkMapItems(schema, keys, path))
  if (listType === 'set' || listType === 'map') findings.push(...checkNullable(schema, keys, listType, path))
  return findings
}

/** The type goes with the keyword, and the keyword is one of few. */
function checkKind(
  schema: JsonSchema,
  path: string,
  kind: string,
  type: string,
  known: readonly string[],
): FieldError[] {
  const keyword = `x-kubernetes-${kind}-type`
  const value = schema[keyword]
  if (value === undefined) return []
  const findings: FieldError[] = []
  if (schema.type !== type) {
    const detail = `must be ${type} if ${keyword} is specified`
    findings.push(schema.type ? invalid(`${path}.type`, schema.type, detail) : required(`${path}.type`, detail))
  }
  if (!known.includes(String(value))) findings.push(notSupported(`${path}.${keyword}`, value, known))
  return findings
}

function checkSetItems(schema: JsonSchema, path: string): FieldError[] {
  const items = itemsOf(schema)
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  const listType = items?.['x-kubernetes-list-type']
  if (items?.type === 'array' && listType !== undefined && listType !== 'atomic') {
    return [invalid(`${path}.items.x-kubernetes-list-type`, listType, detail)]
  }
  if (items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    return [invalid(`${path}.items.x-kubernetes-map-type`, null, detail)]
  }
  return []
}

function checkMapItems(schema: JsonSchema, keys: readonly string[], path: string): FieldError[] {
  const findings: FieldError[] = []
  const items = itemsOf(schema)
  const at = `${path}.x-kubernetes-list-map-keys`
  if (keys.length === 0) findings.push(required(at, 'must not be empty if x-kubernetes-list-type is map'))
  if (!items) return [...findings, required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map')]
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map"
    return [...findings, invalid(`${path}.items.type`, items.type ?? '', detail)]
  }
  const seen = new Set<string>()
  for (const key of keys) {
    const property = propertyOf(items, key)
    if (!property) findings.push(invalid(at, keys, 'entries must all be names of item properties'))
    else if (property.type === 'array' || property.type === 'object') {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
      findings.push(invalid(`${path}.items.properties[${key}].type`, items.type, detail))
    }
    if (seen.has(key)) findings.push(invalid(at, keys, 'must not contain duplicate entries'))
    seen.add(key)
  }
  return findings
}

function checkNullable(schema: JsonSchema, keys: readonly string[], listType: string, path: string): FieldError[] {
  const items = itemsOf(schema)
  if (!items) return []
  const findings: FieldError[] = []
  if (items.nullable === true) {
    findings.push(forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`))
  }
  if (listType !== 'map') return findings
  const needed = Array.isArray(items.required) ? items.required : []
  for (const key of keys) {
    const property = propertyOf(items, key)
    if (!property) continue
    const at = `${path}.items.properties[${key}]`
    const what = 'this property is in x-kubernetes-list-map-keys, so it'
    if (!needed.includes(key) && property.default === undefined) {
      findings.push(required(`${at}.default`, `${what} must have a default or be a required property`))
    }
    if (property.nullable === true) findings.push(forbidden(`${at}.nullable`, `${what} cannot be nullable`))
  }
  return findings
}

function keysOf(schema: JsonSchema): readonly string[] {
  const keys = schema['x-kubernetes-list-map-keys']
  return Array.isArray(keys) ? keys.map(String) : []
}

function itemsOf(schema: JsonSchema): JsonSchema | undefined {
  const { items } = schema
  return typeof items === 'object' && items !== null && !Array.isArray(items) ? (items as JsonSchema) : undefined
}

function propertyOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const { properties } = schema
  if (typeof properties !== 'object' || properties === null || !Object.hasOwn(properties, name)) return undefined
  return (properties as Readonly<Record<string, JsonSchema>>)[name]
}
