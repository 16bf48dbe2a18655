import { deepEqual } from './deep-equal.ts'
import { type FieldError, invalid, notSupported, required, tooLong, tooMany, typeInvalid } from './field-error.ts'
import { formatCheck } from './formats.ts'
import { goJson, goQuote } from './go-text.ts'
import { compileRegexp, type CompiledRegexp } from './regexp-matcher.ts'
import type { Constraints, Schema } from './schema.ts'

type Json = Record<string, unknown>

/** What the value was before an update; absent where nothing corresponds. */
export interface OldValue {
  readonly value: unknown
}

/** Findings so far, and how many checks were made: the closest alternative of anyOf and oneOf is the one with most. */
interface Sink {
  readonly errors: FieldError[]
  score: number
}

/**
 * All value validations of a custom resource but the CEL rules: types, bounds, formats, enums, allOf/anyOf/oneOf/not.
 * Sentences and paths are kube-openapi's. With `old`, a part that did not change is not held against the user
 * (Kubernetes' ratcheting). Empty: valid. Uniqueness in lists of type set and map is `validateListTypes`'.
 */
export function validate(value: unknown, schema: Schema, old?: OldValue, path = ''): readonly FieldError[] {
  const sink: Sink = { errors: [], score: 0 }
  checkRatcheting(value, schema, path, old, sink)
  return sink.errors
}

/** Drops what was found when the value is the same as before the update. */
function checkRatcheting(value: unknown, schema: Schema, path: string, old: OldValue | undefined, sink: Sink): void {
  const before = sink.errors.length
  check(value, schema, path, old, sink)
  if (old && sink.errors.length > before && deepEqual(value, old.value)) sink.errors.length = before
}

function check(value: unknown, schema: Schema, path: string, old: OldValue | undefined, sink: Sink): void {
  checkType(value, schema, path, sink)
  const constraints = schema.constraints
  if (value === null) {
    if (constraints) checkEnum(value, constraints, path, sink)
    return
  }
  if (constraints) checkAlternatives(value, constraints, path, old, sink)
  sink.score++
  if (typeof value === 'string') {
    if (constraints) checkString(value, constraints, path, sink)
    sink.score++
  } else if (typeof value === 'number') {
    if (constraints) checkNumber(value, constraints, path, sink)
    sink.score += 2
  } else if (Array.isArray(value)) checkList(value, schema, path, old, sink)
  if (constraints) checkEnum(value, constraints, path, sink)
  sink.score++
  if (!Array.isArray(value) && typeof value === 'object') checkObject(value as Json, schema, path, old, sink)
  sink.score++
}

/** The validated formats only: an unknown one counts as absent, as the real server strips it from the schema. */
function enforcedFormat(schema: Schema): string | undefined {
  const format = schema.format
  return format !== undefined && !schema.intOrString && formatCheck(format) ? format : undefined
}

function checkType(value: unknown, schema: Schema, path: string, sink: Sink): void {
  const expected = schema.intOrString ? ['integer', 'string'] : schema.type ? [schema.type] : []
  const format = enforcedFormat(schema)
  if (expected.length === 0 && format === undefined) return
  const fail = (wanted: string, actual: string) =>
    sink.errors.push(
      typeInvalid(trimmed(path), actual, `${path} in body must be of type ${wanted}: ${goQuote(actual)}`),
    )
  if (value === null) {
    if (expected.length > 0 && !schema.nullable) fail(expected.join(','), 'null')
    else sink.score++
    return
  }
  const actual = typeName(value)
  const fits = expected.includes(actual as never) || (actual === 'integer' && expected.includes('number' as never))
  const isNumeric = expected.includes('number') || expected.includes('integer')
  if (format !== undefined && (typeof value === 'string' || Array.isArray(value)) && !isNumeric) sink.score++
  else if (fits) sink.score++
  else if (format !== undefined && typeof value !== 'string' && !Array.isArray(value)) fail(format, goFormat(value))
  else fail(expected.join(','), actual)
}

/** Go's idea of the format of a value without one of its own. */
function goFormat(value: unknown): string {
  if (typeof value !== 'number') return ''
  return Number.isInteger(value) ? 'int64' : 'float64'
}

export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function checkAlternatives(
  value: unknown,
  constraints: Constraints,
  path: string,
  old: OldValue | undefined,
  sink: Sink,
): void {
  const attempt = (schema: Schema): Sink => {
    const own: Sink = { errors: [], score: 0 }
    check(value, schema, path, old, own)
    return own
  }
  const general = (sentence: string) => sink.errors.push(invalid('', '', `${goQuote(path)} must ${sentence}`))
  if (constraints.anyOf) {
    const { best, valid } = closest(constraints.anyOf, attempt, true)
    if (valid === 0) general('validate at least one schema (anyOf)')
    merge(sink, best)
  }
  if (constraints.oneOf) {
    const { best, valid } = closest(constraints.oneOf, attempt, false)
    const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`
    if (valid !== 1) general(`validate one and only one schema (oneOf). ${found}`)
    if (valid <= 1) merge(sink, best)
  }
  if (constraints.allOf) {
    const results = constraints.allOf.map(attempt)
    for (const result of results) merge(sink, result)
    const valid = results.filter((result) => result.errors.length === 0).length
    if (valid < results.length) general(`validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`)
  }
  if (constraints.not && attempt(constraints.not).errors.length === 0) general('not validate the schema (not)')
}

/** The first alternative that fits, else the one that failed latest. */
function closest(
  schemas: readonly Schema[],
  attempt: (schema: Schema) => Sink,
  stopsAtFirst: boolean,
): { best: Sink | undefined; valid: number } {
  let best: Sink | undefined
  let valid = 0
  for (const schema of schemas) {
    const result = attempt(schema)
    if (result.errors.length === 0) {
      if (valid === 0) best = result
      valid++
      if (stopsAtFirst) break
    } else if (valid === 0 && (!best || result.score > best.score)) best = result
  }
  return { best, valid }
}

function merge(sink: Sink, other: Sink | undefined): void {
  if (!other) return
  sink.errors.push(...other.errors)
  sink.score += other.score
}

/** Compiled patterns by their text: bounded, since texts come from users' CRDs. */
const patterns = new Map<string, CompiledRegexp>()
const patternsMax = 2000

function patternOf(text: string): CompiledRegexp {
  const known = patterns.get(text)
  if (known) return known
  if (patterns.size >= patternsMax) patterns.clear()
  const compiled = compileRegexp(text)
  patterns.set(text, compiled)
  return compiled
}

function checkString(value: string, constraints: Constraints, path: string, sink: Sink): void {
  const { maxLength, minLength, pattern, format } = constraints
  const bad = (detail: string) => sink.errors.push(invalid(trimmed(path), value, `${path} in body ${detail}`))
  const length = maxLength === undefined && minLength === undefined ? 0 : codePoints(value)
  const compiled = pattern === undefined ? undefined : patternOf(pattern)
  if (maxLength !== undefined && length > maxLength) sink.errors.push(tooLong(trimmed(path), maxLength))
  else if (minLength !== undefined && length < minLength) bad(`should be at least ${minLength} chars long`)
  else if (compiled && !compiled.ok) bad(`should match '${pattern}, but pattern is invalid: ${compiled.message}'`)
  else if (compiled?.ok && !compiled.regexp.test(value)) bad(`should match '${pattern}'`)
  const isFormat = format === undefined ? undefined : formatCheck(format)
  if (isFormat && !isFormat(value)) {
    const detail = `${path} in body must be of type ${format}: ${goQuote(value)}`
    sink.errors.push(typeInvalid(trimmed(path), value, detail))
  }
}

function codePoints(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0xdc00 || code > 0xdfff) count++
  }
  return count
}

function checkNumber(value: number, constraints: Constraints, path: string, sink: Sink): void {
  const { multipleOf, maximum, exclusiveMaximum, minimum, exclusiveMinimum } = constraints
  const bad = (detail: string) => sink.errors.push(invalid(trimmed(path), value, `${path} in body ${detail}`))
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) bad(`should be a multiple of ${multipleOf}`)
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    bad(`should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`)
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    bad(`should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`)
  }
}

function isMultiple(value: number, factor: number): boolean {
  if (factor <= 0) return false
  const ratio = factor < 1 ? (1 / factor) * value : value / factor
  return Math.abs(ratio - Math.round(ratio)) < 1e-9 * Math.max(1, Math.abs(ratio))
}

function checkEnum(value: unknown, constraints: Constraints, path: string, sink: Sink): void {
  const allowed = constraints.enum
  if (!allowed || allowed.length === 0 || allowed.some((item) => item !== null && deepEqual(value, item))) return
  sink.errors.push(
    notSupported(
      trimmed(path),
      value,
      allowed.map((item) => (typeof item === 'string' ? item : goJson(item))),
    ),
  )
}

function checkList(
  list: readonly unknown[],
  schema: Schema,
  path: string,
  old: OldValue | undefined,
  sink: Sink,
): void {
  const items = schema.items
  if (items) {
    const oldItem = oldItems(schema, old)
    list.forEach((item, index) => checkRatcheting(item, items, `${path}[${index}]`, oldItem(item), sink))
  }
  const { minItems, maxItems, uniqueItems } = schema.constraints ?? {}
  if (minItems !== undefined && list.length < minItems) {
    sink.errors.push(invalid(trimmed(path), list.length, `${path} in body should have at least ${minItems} items`))
  }
  if (maxItems !== undefined && list.length > maxItems) sink.errors.push(tooMany(trimmed(path), list.length, maxItems))
  if (uniqueItems && hasRepeats(list)) {
    sink.errors.push(invalid(trimmed(path), '', `${path} in body shouldn't contain duplicates`))
  }
  sink.score += 2
}

export function hasRepeats(list: readonly unknown[]): boolean {
  return new Set(list.map((item) => goJson(item))).size < list.length
}

/** How to find an item's former self: only lists of type map say which item is which. */
export function oldItems(schema: Schema, old: OldValue | undefined): (item: unknown) => OldValue | undefined {
  const before = old?.value
  if (schema.listType !== 'map' || !Array.isArray(before)) return () => undefined
  const byKey = new Map<string, OldValue>()
  for (const item of before) byKey.set(itemKey(item, schema.listKeys), { value: item })
  return (item) => byKey.get(itemKey(item, schema.listKeys))
}

function itemKey(item: unknown, keys: readonly string[]): string {
  const object = typeof item === 'object' && item !== null ? (item as Json) : {}
  return goJson(keys.map((key) => object[key] ?? null))
}

/** A field's former self; maps of type atomic are compared as a whole only. */
export function oldField(schema: Schema, old: OldValue | undefined, key: string): OldValue | undefined {
  const before = old?.value
  if (schema.mapType === 'atomic' || typeof before !== 'object' || before === null || Array.isArray(before)) {
    return undefined
  }
  return Object.hasOwn(before, key) ? { value: (before as Json)[key] } : undefined
}

function checkObject(object: Json, schema: Schema, path: string, old: OldValue | undefined, sink: Sink): void {
  const keys = Object.keys(object)
  const { minProperties, maxProperties } = schema.constraints ?? {}
  if (minProperties !== undefined && keys.length < minProperties) {
    sink.errors.push(
      invalid(trimmed(path), keys.length, `${path} in body should have at least ${minProperties} properties`),
    )
  }
  if (maxProperties !== undefined && keys.length > maxProperties) {
    sink.errors.push(tooMany(trimmed(path), keys.length, maxProperties))
  }
  for (const key of keys) {
    const known = schema.properties?.get(key)
    const child = known ?? schema.additional
    if (!child) continue
    const childPath = known && path === '' ? key : `${path}.${key}`
    const isTypeMeta = path === '' && (key === 'kind' || key === 'apiVersion')
    checkRatcheting(object[key], child, childPath, isTypeMeta ? undefined : oldField(schema, old, key), sink)
  }
  for (const name of schema.required) {
    if (!Object.hasOwn(object, name)) sink.errors.push(required(trimmed(`${path}.${name}`)))
  }
}

const trimmed = (path: string): string => (path.startsWith('.') ? path.slice(1) : path)
