import { checkDefault } from './check-default.ts'
import { type FieldError, fieldErrorMessage, forbidden, invalid, notSupported, required } from './field-error.ts'
import { checkListAndMapTypes } from './list-map-rules.ts'
import { compileRegexp } from './regexp-matcher.ts'
import type { JsonSchema } from './schema.ts'

type Level = 'root' | 'item' | 'field'

/**
 * apiextensions' rules for a structural schema, with paths below `path` (for example
 * `spec.versions[0].schema.openAPIV3Schema`): structure, forbidden keywords, list and map types, metadata, defaults.
 * Empty: structural. CEL rules are checked by `checkRules`.
 */
export function checkStructural(crdSchema: JsonSchema, path: string): readonly FieldError[] {
  const findings: FieldError[] = []
  if (crdSchema.nullable === true) findings.push(forbidden(`${path}.nullable`, 'nullable cannot be true at the root'))
  const keywords = checkKeywords(crdSchema, path, { isRoot: true, isMetadata: false, noDefault: undefined })
  // What cannot be structure at all is not looked at further.
  if (keywords.some(({ detail }) => notStructure.test(detail))) return [...findings, ...keywords]
  const invariants = [
    ...checkInvariants(crdSchema, 'root', path),
    ...checkCompleteness(crdSchema, crdSchema, path, path),
  ]
  invariants.sort((a, b) => (fieldErrorMessage(a) < fieldErrorMessage(b) ? -1 : 1))
  findings.push(...invariants)
  if (invariants.length === 0) findings.push(...checkDefaults(crdSchema, path, false))
  return [...findings, ...keywords]
}

/** What every node that gives structure must and must not have. */
function checkInvariants(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const findings: FieldError[] = []
  if (schema.type === 'array' && !isSchema(schema.items)) findings.push(required(`${path}.items`, 'must be specified'))
  if (isSchema(schema.items)) findings.push(...checkInvariants(schema.items, 'item', `${path}.items`))
  for (const [name, property] of propertiesOf(schema)) {
    findings.push(...checkInvariants(property, 'field', `${path}.properties[${name}]`))
  }
  const additional = schema.additionalProperties
  if (additional !== undefined) {
    if (level === 'root') findings.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'))
    if (isSchema(additional)) findings.push(...checkInvariants(additional, 'field', `${path}.additionalProperties`))
  }
  findings.push(...checkExtensions(schema, path), ...checkValueParts(schema, path), ...checkType(schema, level, path))
  return [...findings, ...checkMetadata(schema, level, path)]
}

function checkExtensions(schema: JsonSchema, path: string): FieldError[] {
  if (schema['x-kubernetes-int-or-string'] !== true) return []
  const detail = 'must be false if x-kubernetes-int-or-string is true'
  return ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource']
    .filter((name) => schema[name] === true)
    .map((name) => invalid(`${path}.${name}`, true, detail))
}

const typeMissing: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

function checkType(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { type } = schema
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const isOpen =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
  const findings: FieldError[] = []
  if (isEmbedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true'
    findings.push(type ? invalid(`${path}.type`, type, detail) : required(`${path}.type`, detail))
  } else if (!type && !isOpen) findings.push(required(`${path}.type`, typeMissing[level]))
  if (isEmbedded && schema.additionalProperties !== undefined) {
    const detail = 'must not be used if x-kubernetes-embedded-resource is set'
    findings.push(forbidden(`${path}.additionalProperties`, detail))
  }
  if (level === 'root' && type && type !== 'object') {
    findings.push(invalid(`${path}.type`, type, 'must be object at the root'))
  }
  if (isEmbedded && schema['x-kubernetes-preserve-unknown-fields'] !== true && propertiesOf(schema).length === 0) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'
    findings.push(required(`${path}.properties`, detail))
  }
  return findings
}

/** apiVersion, kind and metadata of the root and of embedded resources. */
function checkMetadata(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const isObjectRoot = level === 'root' || schema['x-kubernetes-embedded-resource'] === true
  const findings: FieldError[] = []
  const properties = new Map(propertiesOf(schema))
  for (const name of ['kind', 'apiVersion']) {
    const property = properties.get(name)
    if (isObjectRoot && property && property.type !== 'string') {
      findings.push(invalid(`${path}.properties[${name}].type`, property.type ?? '', 'must be string'))
    }
  }
  const metadata = properties.get('metadata')
  if (!metadata || !isObjectRoot) return findings
  const at = `${path}.properties[metadata]`
  if (metadata.type !== 'object') findings.push(invalid(`${at}.type`, metadata.type ?? '', 'must be object'))
  if (level !== 'root') return findings
  const { type: _type, default: _default, description: _text, ...rest } = metadata
  const extra = Object.keys(rest).filter((key) => key !== 'properties')
  const names = propertiesOf(metadata).map(([name]) => name)
  if (extra.length > 0 || names.some((name) => name !== 'name' && name !== 'generateName')) {
    const detail = 'must not specify anything other than name and generateName, but metadata is implicitly specified'
    findings.push(forbidden(at, detail))
  }
  return findings
}

const lists = ['anyOf', 'allOf', 'oneOf'] as const

/** The purely validating parts below a node: they restrict, and give no structure of their own. */
function checkValueParts(schema: JsonSchema, path: string): FieldError[] {
  const findings: FieldError[] = []
  for (const keyword of lists) {
    nestedOf(schema, keyword).forEach((part, index) => {
      const mayHaveType = isIntOrStringPair(schema, keyword, index)
      findings.push(...checkNested(part, `${path}.${keyword}[${index}]`, keyword === 'allOf', mayHaveType))
    })
  }
  if (isSchema(schema.not)) findings.push(...checkNested(schema.not, `${path}.not`, false, false))
  if (typeof schema.pattern === 'string' && schema.pattern !== '') {
    const compiled = compileRegexp(schema.pattern)
    if (!compiled.ok) {
      const detail = `must be a valid regular expression, but isn't: ${compiled.message}`
      findings.push(invalid(`${path}.pattern`, schema.pattern, detail))
    }
  }
  return findings
}

/** `anyOf: [{type: integer}, {type: string}]` says int-or-string in the old way, alone or first in allOf. */
function isIntOrStringPair(schema: JsonSchema, keyword: string, index: number): boolean {
  const isPair = (holder: JsonSchema): boolean =>
    JSON.stringify(holder.anyOf) === '[{"type":"integer"},{"type":"string"}]'
  if (keyword === 'anyOf') return isPair(schema)
  const first = nestedOf(schema, 'allOf')[0]
  return keyword === 'allOf' && index === 0 && first !== undefined && isPair(first)
}

const emptyParts: readonly [string, string][] = [
  ...(['title', 'description', 'x-kubernetes-list-map-keys'] as const).map((name): [string, string] => [name, 'empty']),
  ...(['default', 'x-kubernetes-list-type', 'x-kubernetes-map-type'] as const).map((name): [string, string] => [
    name,
    'undefined',
  ]),
  ...(['nullable', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const).map(
    (name): [string, string] => [name, 'false'],
  ),
  ['x-kubernetes-int-or-string', 'false'],
]

function checkNested(part: JsonSchema, path: string, mayHaveRules: boolean, isPair: boolean): FieldError[] {
  const findings: FieldError[] = isPair ? checkPair(part, path) : checkValueParts(part, path)
  if (isSchema(part.items)) findings.push(...checkNested(part.items, `${path}.items`, mayHaveRules, false))
  for (const [name, property] of propertiesOf(part)) {
    findings.push(...checkNested(property, `${path}.properties[${name}]`, mayHaveRules, false))
  }
  if (part.type && !isPair) findings.push(forbidden(`${path}.type`, 'must be empty to be structural'))
  if (part.additionalProperties !== undefined) {
    findings.push(forbidden(`${path}.additionalProperties`, 'must be undefined to be structural'))
  }
  for (const [name, wanted] of emptyParts) {
    const value = part[name]
    if (value === undefined || value === false || value === '') continue
    findings.push(forbidden(`${path}.${name}`, `must be ${wanted} to be structural`))
  }
  if (Array.isArray(part['x-kubernetes-validations']) && !mayHaveRules) {
    findings.push(forbidden(`${path}.x-kubernetes-validations`, 'must be empty to be structural'))
  }
  if (propertiesOf(part).some(([name]) => name === 'metadata')) {
    findings.push(forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'))
  }
  return findings
}

/** The first of allOf that holds the old int-or-string pair: the pair's own types are fine. */
function checkPair(part: JsonSchema, path: string): FieldError[] {
  const { anyOf: _pair, ...rest } = part
  return checkValueParts(rest, path)
}

/** Every field that a restriction of the root speaks of must be specified in the structure. */
function checkCompleteness(part: JsonSchema, schema: JsonSchema, path: string, partPath: string): FieldError[] {
  const nested = [
    ...(isSchema(part.not) ? [[part.not, `${partPath}.not`] as const] : []),
    ...lists.flatMap((keyword) =>
      nestedOf(part, keyword).map((item, index) => [item, `${partPath}.${keyword}[${index}]`] as const),
    ),
  ]
  return nested.flatMap(([item, at]) => checkSpoken(item, schema, path, at))
}

function checkSpoken(part: JsonSchema, schema: JsonSchema, path: string, partPath: string): FieldError[] {
  const findings = checkCompleteness(part, schema, path, partPath)
  const known = new Map(propertiesOf(schema))
  for (const [name, property] of propertiesOf(part)) {
    const child = known.get(name)
    const at = `${path}.properties[${name}]`
    const partAt = `${partPath}.properties[${name}]`
    if (child) findings.push(...checkSpoken(property, child, at, partAt))
    else findings.push(required(at, `because it is defined in ${partAt}`))
  }
  if (!isSchema(part.items)) return findings
  if (!isSchema(schema.items)) {
    return [...findings, required(`${path}.items`, `because it is defined in ${partPath}.items`)]
  }
  return [...findings, ...checkSpoken(part.items, schema.items, `${path}.items`, `${partPath}.items`)]
}

interface Place {
  readonly isRoot: boolean
  readonly isMetadata: boolean
  /** Why a default may not stand here. */
  readonly noDefault: string | undefined
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const notStructure = /is not supported$|^items must be a schema object and not an array$/
const unsupported = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref']

/** Keywords that are JSON Schema but not Kubernetes, wherever they stand. */
function checkKeywords(schema: JsonSchema, path: string, place: Place): FieldError[] {
  const findings: FieldError[] = []
  const { type } = schema
  if (typeof type === 'string' && type !== '' && !types.includes(type)) {
    findings.push(notSupported(`${path}.type`, type, types))
  }
  if (schema.default !== undefined && place.noDefault !== undefined) {
    findings.push(forbidden(`${path}.default`, `must not be set ${place.noDefault}`))
  }
  for (const name of unsupported) {
    if (schema[name] !== undefined) findings.push(forbidden(`${path}.${name}`, `${name} is not supported`))
  }
  if (type === 'null') {
    findings.push(forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'))
  }
  if (Array.isArray(schema.items)) {
    findings.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'))
  }
  if (place.isMetadata && schema['x-kubernetes-embedded-resource'] === true) {
    findings.push(forbidden(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'))
  }
  if (schema.uniqueItems === true) {
    const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'
    findings.push(forbidden(`${path}.uniqueItems`, detail))
  }
  findings.push(...checkBelow(schema, path, place), ...checkListAndMapTypes(schema, path))
  return findings
}

const metaFields: readonly string[] = ['metadata', 'kind', 'apiVersion']

function checkBelow(schema: JsonSchema, path: string, place: Place): FieldError[] {
  const findings: FieldError[] = []
  const inner: Place = { ...place, isRoot: false }
  const { additionalProperties: additional } = schema
  if (additional !== undefined && additional !== true && propertiesOf(schema).length > 0) {
    const detail = 'additionalProperties and properties are mutual exclusive'
    findings.push(forbidden(`${path}.additionalProperties`, detail))
  }
  if (isSchema(additional)) {
    const noDefault = place.isMetadata ? 'inside additionalProperties applying to object metadata' : place.noDefault
    findings.push(...checkKeywords(additional, `${path}.additionalProperties`, { ...inner, noDefault }))
  }
  const isObjectRoot = place.isRoot || schema['x-kubernetes-embedded-resource'] === true
  for (const [name, property] of propertiesOf(schema)) {
    const isMeta = isObjectRoot && metaFields.includes(name)
    const own: Place = {
      isRoot: false,
      isMetadata: place.isMetadata || isMeta,
      noDefault: isMeta && place.isRoot ? `in top-level ${name}` : place.noDefault,
    }
    findings.push(...checkKeywords(property, `${path}.properties[${name}]`, own))
  }
  if (isSchema(schema.not)) findings.push(...checkKeywords(schema.not, `${path}.not`, inner))
  for (const keyword of lists) {
    nestedOf(schema, keyword).forEach((part, index) =>
      findings.push(...checkKeywords(part, `${path}.${keyword}[${index}]`, inner)),
    )
  }
  if (isSchema(schema.items)) findings.push(...checkKeywords(schema.items, `${path}.items`, inner))
  return findings
}

/** Defaults must be what their own schema accepts. */
function checkDefaults(schema: JsonSchema, path: string, isMetadata: boolean): FieldError[] {
  if (isMetadata) return []
  const findings = schema.default === undefined ? [] : [...checkDefault(schema, path)]
  for (const [name, property] of propertiesOf(schema)) {
    findings.push(
      ...checkDefaults(property, `${path}.properties[${name}]`, name === 'metadata' && !path.includes('properties')),
    )
  }
  if (isSchema(schema.items)) findings.push(...checkDefaults(schema.items, `${path}.items`, false))
  if (isSchema(schema.additionalProperties)) {
    findings.push(...checkDefaults(schema.additionalProperties, `${path}.additionalProperties`, false))
  }
  return findings
}

function propertiesOf(schema: JsonSchema): [string, JsonSchema][] {
  const { properties } = schema
  if (typeof properties !== 'object' || properties === null) return []
  return Object.entries(properties).filter((entry): entry is [string, JsonSchema] => isSchema(entry[1]))
}

function nestedOf(schema: JsonSchema, keyword: string): JsonSchema[] {
  const list = schema[keyword]
  return Array.isArray(list) ? list.filter(isSchema) : []
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
