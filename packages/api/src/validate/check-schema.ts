import { definition, resolve, type SchemaData } from '../schema/schema.ts'
import { mergeKeys } from '../schema/merge-keys.ts'
import { errorAt, type Finding, type Place, segmentsOf, warningAt } from './finding.ts'
import { nearName } from './near-name.ts'
import { int64Max, isQuantity } from './quantity.ts'

type Check = (value: unknown, place: Place | undefined, findings: Finding[]) => void

const compiled = new WeakMap<SchemaData, Check>()
const compiledDefinitions = new Map<string, Check>()

/** Enough to work on; an object that is wrong everywhere isn't listed to its end. */
const findingsMax = 100

/**
 * Everything in `value` that the complete schema refuses, in the order of the object: types, unknown and missing fields,
 * enumerations, patterns, bounds, quantities, duplicate keys of list maps. Compiled on first use, then a walk.
 */
export function checkSchema(schema: SchemaData, value: unknown, place?: Place): Finding[] {
  const findings: Finding[] = []
  compile(schema)(value, place, findings)
  return findings.slice(0, findingsMax)
}

/** Works through references once each, so that schemas may contain themselves. */
function compile(schema: SchemaData): Check {
  const known = compiled.get(schema)
  if (known) return known
  const check = schema.$ref && !narrows(schema) ? referenceCheck(schema.$ref) : build(resolve(schema))
  compiled.set(schema, check)
  return check
}

function referenceCheck(name: string): Check {
  return (value, place, findings) => {
    const check = compiledDefinitions.get(name) ?? build(definition(name))
    compiledDefinitions.set(name, check)
    check(value, place, findings)
  }
}

/** Whether a reference says more than where to look. */
function narrows(schema: SchemaData): boolean {
  const { $ref: _name, description: _description, foreign: _foreign, ...more } = schema
  return Object.keys(more).length > 0
}

function build(schema: SchemaData): Check {
  if (schema.quantity) return checkQuantity
  if (schema.intOrString) return checkIntOrString
  switch (schema.type) {
    case 'object':
      return objectCheck(schema)
    case 'array':
      return arrayCheck(schema)
    case 'string':
      return stringCheck(schema)
    case 'integer':
    case 'number':
      return numberCheck(schema)
    case 'boolean':
      return (value, place, findings) => {
        if (typeof value !== 'boolean') findings.push(wrongType('a boolean', value, place))
      }
    default:
      return () => {}
  }
}

function objectCheck(schema: SchemaData): Check {
  const { properties, values, required = [], minProperties = 0 } = schema
  const fields = new Map(Object.entries(properties ?? {}).map(([name, field]) => [name, compile(field)]))
  const valueCheck = values ? compile(values) : undefined
  // A field that is null counts as absent: the API server drops it before it validates.
  return (value, place, findings) => {
    if (!isRecord(value)) {
      findings.push(wrongType('an object', value, place))
      return
    }
    if (minProperties > 0 && Object.values(value).every((field) => field === null || field === undefined)) {
      findings.push(
        errorAt(segmentsOf(place), 'min-properties', 'is empty: say something in it or leave it out', { value }),
      )
    }
    for (const name of required) {
      if (value[name] === undefined || value[name] === null) findings.push(missing(name, place))
    }
    for (const [name, field] of Object.entries(value)) {
      if (field === undefined || (field === null && (fields.has(name) || valueCheck))) continue
      const inside: Place = { key: name, ...(place ? { parent: place } : {}) }
      const check = fields.get(name) ?? valueCheck
      if (check) check(field, inside, findings)
      else if (!schema.open) findings.push(unknownField(name, schema, inside))
    }
  }
}

function arrayCheck(schema: SchemaData): Check {
  const itemCheck = compile(schema.items ?? {})
  const keys = mergeKeys(schema)
  const fields = schema.items ? resolve(schema.items).properties : undefined
  const defaults = Object.fromEntries((keys ?? []).map((key) => [key, fields?.[key]?.default]))
  const isSet = schema.listType === 'set'
  return (value, place, findings) => {
    if (!Array.isArray(value)) {
      findings.push(wrongType('a list', value, place))
      return
    }
    if (schema.minItems !== undefined && value.length < schema.minItems) {
      const message = `needs at least ${schema.minItems} item${schema.minItems === 1 ? '' : 's'}: add one or leave the field out`
      findings.push(errorAt(segmentsOf(place), 'min-items', message, { value }))
    }
    for (const [index, item] of value.entries()) {
      itemCheck(item, { key: index, ...(place ? { parent: place } : {}) }, findings)
    }
    if (keys) checkKeys(value, keys, defaults, place, findings)
    else if (isSet) checkSet(value, place, findings)
  }
}

function checkKeys(
  list: unknown[],
  keys: readonly string[],
  defaults: Readonly<Record<string, unknown>>,
  place: Place | undefined,
  findings: Finding[],
): void {
  const seen = new Map<string, number>()
  for (const [index, item] of list.entries()) {
    if (!isRecord(item)) continue
    const key = JSON.stringify(keys.map((name) => item[name] ?? defaults[name]))
    const first = seen.get(key)
    if (first === undefined) {
      seen.set(key, index)
      continue
    }
    const words = keys.map((name) => `${name} ${JSON.stringify(item[name] ?? defaults[name])}`).join(' and ')
    const message = `has the same ${words} as item ${first}: rename it or remove one of the two`
    findings.push(errorAt([...segmentsOf(place), index], 'duplicate', message, { value: item[keys[0] ?? ''] }))
  }
}

function checkSet(list: unknown[], place: Place | undefined, findings: Finding[]): void {
  const seen = new Set<string>()
  for (const [index, item] of list.entries()) {
    const key = JSON.stringify(item)
    if (seen.has(key)) {
      const message = `stands in the list twice: remove one`
      findings.push(errorAt([...segmentsOf(place), index], 'duplicate', message, { value: item }))
    }
    seen.add(key)
  }
}

function stringCheck(schema: SchemaData): Check {
  const pattern = schema.pattern === undefined ? undefined : new RegExp(schema.pattern, 'u')
  return (value, place, findings) => {
    if (typeof value !== 'string') {
      findings.push(wrongType('a string', value, place))
      return
    }
    const complain = (rule: string, message: string, suggestion?: string): void => {
      const options = suggestion === undefined ? { value } : { value, suggestion }
      findings.push(errorAt(segmentsOf(place), rule, message, options))
    }
    if (schema.enum && !schema.enum.includes(value)) {
      const near = nearName(value, schema.enum)
      complain('enum', `${quote(value)} is not one of ${listWords(schema.enum)}${didYouMean(near)}`, near)
    }
    if (schema.known && value !== '' && !schema.known.includes(value)) {
      const near = nearName(value, schema.known)
      const message = `${quote(value)} is not one of ${listWords(schema.known)}, so Kubernetes will probably refuse the pod${didYouMean(near)}`
      const options = near === undefined ? { value } : { value, suggestion: near }
      findings.push(warningAt(segmentsOf(place), 'known-value', message, options))
    }
    if (pattern && !pattern.test(value))
      complain('pattern', `${quote(value)} ${schema.patternMeans ?? `must match ${schema.pattern}`}`)
    const { minLength, maxLength } = schema
    if (minLength !== undefined && value.length < minLength) complain('min-length', 'must not be empty')
    if (maxLength !== undefined && value.length > maxLength) {
      complain('max-length', `is ${value.length} characters long, at most ${maxLength} are allowed`)
    }
    if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) {
      complain('format', `${quote(value)} is not a time such as 2026-01-31T12:00:00Z`)
    }
  }
}

const int32Max = 2_147_483_647

function numberCheck(schema: SchemaData): Check {
  const isInteger = schema.type === 'integer'
  const max = schema.maximum ?? (schema.format === 'int32' ? int32Max : int64Max)
  const min = schema.minimum ?? (schema.format === 'int32' ? -int32Max - 1 : -int64Max)
  return (value, place, findings) => {
    if (typeof value !== 'number' || (isInteger && !Number.isInteger(value))) {
      findings.push(wrongType(isInteger ? 'an integer' : 'a number', value, place))
      return
    }
    if (value < min || value > max) {
      const message =
        value < min ? `must not be below ${min}, but is ${value}` : `must not be above ${max}, but is ${value}`
      findings.push(errorAt(segmentsOf(place), value < min ? 'minimum' : 'maximum', message, { value }))
    }
  }
}

function checkQuantity(value: unknown, place: Place | undefined, findings: Finding[]): void {
  if (isQuantity(value)) return
  const message = `${quote(value)} is not a quantity: write a whole number, or a string such as "500m", "1.5" or "2Gi"`
  findings.push(errorAt(segmentsOf(place), 'quantity', message, { value }))
}

function checkIntOrString(value: unknown, place: Place | undefined, findings: Finding[]): void {
  if (typeof value === 'string' || Number.isInteger(value)) return
  findings.push(wrongType('an integer or a string', value, place))
}

function wrongType(wanted: string, value: unknown, place: Place | undefined): Finding {
  return errorAt(
    segmentsOf(place),
    'type',
    `must be ${wanted}, but is ${describe(value)}${typeAdvice(wanted, value)}`,
    {
      value,
    },
  )
}

function typeAdvice(wanted: string, value: unknown): string {
  if (value === null) return ': give it a value or leave the field out'
  if (wanted === 'an integer' && typeof value === 'string' && /^-?\d+$/.test(value)) return ': remove the quotes'
  if (wanted === 'a boolean' && /^(true|false)$/i.test(String(value))) return ': remove the quotes'
  if (wanted === 'a string' && (typeof value === 'number' || typeof value === 'boolean')) return ': put it in quotes'
  if (wanted === 'a list' && isRecord(value)) return ': put a "- " before its first line'
  if (wanted === 'an object' && Array.isArray(value) && value.length === 1) return ': remove the "- "'
  return ''
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'string':
      return `the string ${quote(value)}`
    case 'number':
    case 'boolean':
      return `the ${typeof value} ${value}`
    default:
      return 'an object'
  }
}

function missing(name: string, place: Place | undefined): Finding {
  return errorAt([...segmentsOf(place), name], 'required', 'is required: add it')
}

function unknownField(name: string, schema: SchemaData, place: Place): Finding {
  const segments = segmentsOf(place)
  const names = Object.keys(schema.properties ?? {})
  const owner = ownerOf(name, schema)
  const near = owner ? undefined : nearName(name, names)
  const advice = owner ? `: it belongs into ${quote(owner)}` : didYouMean(near)
  const message = `there is no field ${quote(name)} here${advice || ': remove it'}`
  return errorAt(segments, 'unknown-field', message, near === undefined ? {} : { suggestion: near })
}

/** The field of `schema` that has a field `name`: people often write one level too high. */
function ownerOf(name: string, schema: SchemaData): string | undefined {
  for (const [field, inner] of Object.entries(schema.properties ?? {})) {
    const properties = inner.foreign ? undefined : resolve(inner).properties
    if (properties && Object.hasOwn(properties, name)) return field
  }
  return undefined
}

function didYouMean(near: string | undefined): string {
  return near === undefined ? '' : `: did you mean ${quote(near)}?`
}

const quotedMax = 80

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > quotedMax ? `${text.slice(0, quotedMax)}…` : text
}

function listWords(words: readonly string[]): string {
  return words.map((word) => JSON.stringify(word)).join(', ')
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
