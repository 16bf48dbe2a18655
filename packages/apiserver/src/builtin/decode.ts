import type { KubeObject } from '@millrace/kube'
import { dropNulls } from '../schema/apply-defaults.ts'
import { fieldErrorMessage, invalid } from '../schema/field-error.ts'
import { prune, unknownFields } from '../schema/prune.ts'
import { canonicalQuantity, canonicalResource, quantitySyntax } from '../schema/quantity.ts'
import type { Schema } from '../schema/schema.ts'
import { canonicalTime } from './time.ts'

type Json = Record<string, unknown>

/** A request's object in the form that is stored, or the sentence for a 400 answer. */
export type Decoded =
  | {
      readonly ok: true
      readonly object: KubeObject
      /** Unknown fields that were dropped: strict validation refuses them with `unknown field "spec.x"`. */
      readonly unknown: readonly string[]
    }
  | { readonly ok: false; readonly message: string }

/**
 * What the real server's decoding into Go types does to a built-in object: refuses wrong types, drops unknown fields,
 * nulls and empty optional values, fills required zero values, and writes quantities, times and base64 in their one
 * canonical form. The message is Go's; the answer's sentence is
 * `Deployment in version "v1" cannot be handled as a Deployment: <message>`.
 */
export function decodeBuiltin(object: unknown, schema: Schema): Decoded {
  const context: Context = { unknown: [], fields: [], place: [] }
  return attempt(() => ({ object: decode(object, schema, context) as KubeObject, unknown: context.unknown }))
}

/**
 * The same for a custom resource: metadata (and that of embedded resources) is decoded as a built-in, the rest is
 * pruned to the schema, and nulls where none may be count as absent. Defaults are `applyDefaults`' work afterwards.
 */
export function decodeCustom(object: unknown, schema: Schema): Decoded {
  return attempt(() => {
    if (!isObject(object)) throw new DecodeError('the body is no object')
    const unknown: string[] = []
    const root = withMetadata(object, schema, unknown, 'metadata')
    unknown.push(...unknownFields(root, schema).toSorted())
    const kept = dropNulls(prune(root, schema), schema)
    return { object: decodeEmbedded(kept, schema, '', unknown, true) as KubeObject, unknown }
  })
}

/** What an object of a kind is before anything is set: Go's zero value for built-ins, nothing for custom resources. */
export function emptyObject(schema: Schema): KubeObject {
  const context: Context = { unknown: [], fields: [], place: [] }
  const zero = schema.presence ? decodeStruct({}, schema, context) : { metadata: {} }
  return zero as unknown as KubeObject
}

class DecodeError extends Error {}

function attempt(work: () => { object: KubeObject; unknown: readonly string[] }): Decoded {
  try {
    return { ok: true, ...work() }
  } catch (error) {
    if (error instanceof DecodeError) return { ok: false, message: error.message }
    throw error
  }
}

interface Context {
  readonly unknown: string[]
  /** Names of the fields we are in, without list positions: Go's idea of a path. */
  readonly fields: string[]
  /** The same with positions, as strict errors show it. */
  readonly place: string[]
  struct?: string
}

function decode(value: unknown, schema: Schema, context: Context): unknown {
  if (value === null || value === undefined) return zeroOf(schema, context)
  if (schema.quantity) return decodeQuantity(value)
  if (schema.intOrString) return decodeIntOrString(value, schema, context)
  if (schema.preserveUnknown && schema.type !== 'object') return value
  switch (schema.type) {
    case 'object':
      if (!isObject(value)) return wrongType(value, schema, context)
      if (schema.properties) return decodeStruct(value, schema, context)
      return schema.additional ? decodeMap(value, schema.additional, context) : value
    case 'array':
      if (!Array.isArray(value)) return wrongType(value, schema, context)
      return decodeList(value, schema, context)
    case 'string':
      if (typeof value !== 'string') return wrongType(value, schema, context)
      return decodeString(value, schema)
    case 'boolean':
      return typeof value === 'boolean' ? value : wrongType(value, schema, context)
    case 'integer':
      return isInRange(value, schema.format) ? value : wrongType(value, schema, context)
    case 'number':
      return typeof value === 'number' ? value : wrongType(value, schema, context)
    case undefined:
      return value
  }
}

function decodeStruct(value: Json, schema: Schema, context: Context): Json {
  const out: Json = {}
  const outer = context.struct
  for (const [key, item] of Object.entries(value)) {
    const property = schema.properties?.get(key)
    if (!property) {
      context.unknown.push([...context.place, key].join('.').replaceAll('.[', '['))
      continue
    }
    if (schema.typeName !== undefined) context.struct = schema.typeName
    context.fields.push(key)
    context.place.push(key)
    const presence = schema.presence?.get(key)
    const decoded = presence !== 'fill' && item === null ? undefined : decode(item, property, context)
    context.fields.pop()
    context.place.pop()
    if (presence === 'drop' && isEmpty(decoded)) continue
    if (presence === 'fill' && Array.isArray(decoded) && decoded.length === 0) out[key] = null
    else if (decoded !== undefined) out[key] = decoded
  }
  if (schema.presence) {
    for (const [key, presence] of schema.presence) {
      const property = schema.properties?.get(key)
      if (presence === 'fill' && property && !Object.hasOwn(out, key)) out[key] = zeroOf(property, context)
    }
  }
  if (outer !== undefined) context.struct = outer
  return out
}

function decodeMap(value: Json, schema: Schema, context: Context): Json {
  const out: Json = {}
  for (const [key, item] of Object.entries(value)) {
    context.place.push(key)
    out[key] =
      schema.quantity && item !== null ? decodeQuantity(item, canonicalResource) : decode(item, schema, context)
    context.place.pop()
  }
  return out
}

function decodeList(value: readonly unknown[], schema: Schema, context: Context): unknown[] {
  const items = schema.items
  if (!items) return [...value]
  return value.map((item, index) => {
    context.place.push(`[${index}]`)
    const decoded = decode(item, items, context)
    context.place.pop()
    return decoded
  })
}

function decodeString(value: string, schema: Schema): string {
  if (schema.format === 'byte') return canonicalBase64(value)
  if (schema.format !== 'date-time') return value
  const time = canonicalTime(value, schema.typeName === 'MicroTime')
  if (time === undefined) {
    throw new DecodeError(
      `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
    )
  }
  return time
}

/** Standard base64, padded; the offset in the sentence is of the first character that does not belong. */
function canonicalBase64(value: string): string {
  const text = value.replace(/[\r\n]/g, '')
  const body = /^[A-Za-z0-9+/]*/.exec(text)?.[0] ?? ''
  const rest = text.slice(body.length)
  const isPadded = text.length % 4 === 0 && (rest === '' || rest === '=' || rest === '==')
  if (!isPadded) throw new DecodeError(`illegal base64 data at input byte ${rest === '' ? text.length : body.length}`)
  return Buffer.from(text, 'base64').toString('base64')
}

function decodeQuantity(value: unknown, canonical = canonicalQuantity): string {
  const quantity = canonical(value)
  if (quantity === undefined) throw new DecodeError(quantitySyntax)
  return quantity
}

function decodeIntOrString(value: unknown, schema: Schema, context: Context): unknown {
  if (typeof value === 'string' || isInRange(value, 'int32')) return value
  return wrongType(value, { ...schema, type: 'integer', format: 'int32', typeName: undefined }, context)
}

function isInRange(value: unknown, format: string | undefined): boolean {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  return format !== 'int32' || (value >= -2147483648 && value <= 2147483647)
}

/** Go's zero value in JSON: what a filled field or a null list item becomes. */
function zeroOf(schema: Schema, context: Context): unknown {
  if (schema.quantity) return '0'
  if (schema.intOrString) return 0
  switch (schema.type) {
    case 'object':
      return schema.properties ? decodeStruct({}, schema, context) : null
    case 'string':
      return schema.format === 'date-time' || schema.format === 'byte' ? null : ''
    case 'integer':
    case 'number':
      return 0
    case 'boolean':
      return false
    default:
      return null
  }
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}

function wrongType(value: unknown, schema: Schema, context: Context): never {
  const into = context.struct ? `Go struct field ${context.struct}.${context.fields.join('.')}` : 'Go value'
  throw new DecodeError(`json: cannot unmarshal ${jsonKind(value, schema)} into ${into} of type ${goType(schema)}`)
}

function jsonKind(value: unknown, schema: Schema): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return schema.type === 'integer' ? `number ${value}` : 'number'
  return typeof value
}

function goType(schema: Schema): string {
  if (schema.typeName !== undefined) return `v1.${schema.typeName}`
  switch (schema.type) {
    case 'integer':
      return schema.format ?? 'int64'
    case 'number':
      return 'float64'
    case 'boolean':
      return 'bool'
    case 'array':
      return `[]${schema.items ? goType(schema.items) : 'interface {}'}`
    case 'object':
      return `map[string]${schema.additional ? goType(schema.additional) : 'interface {}'}`
    case 'string':
      return schema.format === 'byte' ? '[]uint8' : 'string'
    case undefined:
      return 'interface {}'
  }
}

function withMetadata(object: Json, schema: Schema, unknown: string[], path: string): Json {
  const metaSchema = schema.properties?.get('metadata')
  if (!metaSchema || !Object.hasOwn(object, 'metadata')) return object
  const context: Context = { unknown: [], fields: [], place: [] }
  const metadata = decode(object.metadata, metaSchema, context)
  unknown.push(...context.unknown.map((field) => `${path}.${field}`))
  return { ...object, metadata }
}

/** Decodes the metadata of every embedded resource below the root. */
function decodeEmbedded(value: unknown, schema: Schema, path: string, unknown: string[], isRoot: boolean): unknown {
  if (Array.isArray(value)) {
    const items = schema.items
    return items ? value.map((item, index) => decodeEmbedded(item, items, `${path}[${index}]`, unknown, false)) : value
  }
  if (!isObject(value) || (!schema.properties && !schema.additional)) return value
  let out = value
  if (schema.embedded && !isRoot) out = embeddedMetadata(value, schema, path, unknown)
  for (const [key, item] of Object.entries(out)) {
    const child = schema.properties?.get(key) ?? schema.additional
    if (!child || typeof item !== 'object' || (key === 'metadata' && (isRoot || schema.embedded))) continue
    const decoded = decodeEmbedded(item, child, path === '' ? key : `${path}.${key}`, unknown, false)
    if (decoded !== item) out = { ...out, [key]: decoded }
  }
  return out
}

function embeddedMetadata(value: Json, schema: Schema, path: string, unknown: string[]): Json {
  const place = `${path}.metadata`
  for (const name of ['apiVersion', 'kind']) {
    if (Object.hasOwn(value, name) && typeof value[name] !== 'string') {
      throw new DecodeError(fieldErrorMessage(invalid(`${path}.${name}`, value[name], 'must be a string')))
    }
  }
  try {
    return withMetadata(value, schema, unknown, place)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new DecodeError(fieldErrorMessage(invalid(place, value.metadata, error.message)))
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
