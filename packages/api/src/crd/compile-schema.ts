import { mergeKeys } from '../schema/merge-keys.ts'
import { resolve, type SchemaData } from '../schema/schema.ts'
import type { CrdRule, CrdSchema } from './crd.ts'
import { type Detail, keyedLists } from './crd-rules.ts'

export interface CompileOptions {
  readonly descriptions: 'all' | 'top'
  readonly podFields: Detail
  readonly formats: boolean
  /** Whether rules are said, in CEL or as bounds. */
  readonly rules: boolean
  /** Ends of paths whose subtrees are opened because of their size. */
  readonly opened: readonly string[]
}

/** Depth of spec and status: descriptions above and at this depth are kept in every variant. */
const topDepth = 1

/** The structural schema (apiextensions.k8s.io/v1) of `schema`. `path` is the place from the object's root, dotted. */
export function compileSchema(schema: SchemaData, options: CompileOptions, path = '', depth = 0): CrdSchema {
  const full = resolve(schema)
  if (full.inCrd === 'open' || isOpened(path, options)) return openSchema(full, describe(full, options, depth))
  const out: Mutable<CrdSchema> = { ...describe(full, options, depth), ...scalarKeywords(full, options) }
  if (full.quantity || full.intOrString) return { ...out, 'x-kubernetes-int-or-string': true }
  if (full.type) out.type = full.type
  if (full.properties) compileFields(full, out, options, path, depth)
  else if (full.open) out['x-kubernetes-preserve-unknown-fields'] = true
  if (full.items) compileItems(full, full.items, out, options, path, depth)
  if (full.values) out.additionalProperties = compileSchema(full.values, options, `${path}.*`, depth + 1)
  return out
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function isOpened(path: string, options: CompileOptions): boolean {
  return options.opened.some((end) => path === end || path.endsWith(`.${end}`))
}

function describe(schema: SchemaData, options: CompileOptions, depth: number): Mutable<CrdSchema> {
  const keep = schema.description && (options.descriptions === 'all' || depth <= topDepth)
  return keep && schema.description ? { description: schema.description } : {}
}

function scalarKeywords(schema: SchemaData, options: CompileOptions): Mutable<CrdSchema> {
  const { format, pattern, minimum, maximum, minLength, maxLength, minItems, minProperties } = schema
  return {
    ...(format && options.formats && !schema.foreign ? { format } : {}),
    ...(schema.enum ? { enum: schema.enum } : {}),
    ...(pattern ? { pattern } : {}),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(minLength === undefined ? {} : { minLength }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(minItems === undefined ? {} : { minItems }),
    ...(minProperties === undefined ? {} : { minProperties }),
    ...(options.rules ? crdRules(schema) : {}),
    ...(schema.mapType ? { 'x-kubernetes-map-type': schema.mapType } : {}),
  }
}

function crdRules({ rules = [], properties }: SchemaData): Mutable<CrdSchema> {
  const bounds = rules.reduce<Mutable<CrdSchema>>((all, rule) => ({ ...all, ...rule.bounds }), {})
  const said = rules.flatMap(({ cel, message, field }): readonly CrdRule[] => {
    if (cel === undefined) return []
    // Only fields that the schema itself has may be named: not those of metadata, nor a map's keys.
    const isNameable = field !== undefined && properties?.[field] !== undefined
    return [{ rule: cel, message, ...(isNameable ? { fieldPath: `.${field}` } : {}) }]
  })
  return { ...bounds, ...(said.length > 0 ? { 'x-kubernetes-validations': said } : {}) }
}

function compileFields(
  schema: SchemaData,
  out: Mutable<CrdSchema>,
  options: CompileOptions,
  path: string,
  depth: number,
): void {
  const properties: Record<string, CrdSchema> = {}
  const podFields: Detail = schema.inCrd === 'own' ? 'open' : options.podFields
  const fields = Object.entries(schema.properties ?? {})
  const isOpen = podFields !== 'typed' && fields.some(([, field]) => field.foreign)
  for (const [name, field] of fields) {
    const place = path === '' ? name : `${path}.${name}`
    if (!isOpen || (!field.foreign && field.inCrd !== 'open')) {
      properties[name] = compileSchema(field, options, place, depth + 1)
      continue
    }
    const keyed = podFields === 'keyed' && field.foreign ? keyedSchema(name, field) : undefined
    if (keyed) properties[name] = keyed
  }
  if (Object.keys(properties).length > 0) out.properties = properties
  if (schema.required?.length) out.required = schema.required
  if (isOpen || schema.open) out['x-kubernetes-preserve-unknown-fields'] = true
}

function compileItems(
  schema: SchemaData,
  items: SchemaData,
  out: Mutable<CrdSchema>,
  options: CompileOptions,
  path: string,
  depth: number,
): void {
  const keys = mergeKeys(schema)
  if (schema.listType === 'set') out['x-kubernetes-list-type'] = 'set'
  const compiled = compileSchema(items, options, `${path}[]`, depth + 1)
  out.items = keys ? withKeyDefaults(compiled, items, keys) : compiled
  if (keys) {
    out['x-kubernetes-list-type'] = 'map'
    out['x-kubernetes-list-map-keys'] = keys
  }
}

/** A key that may be left out has its default in the CRD too: Kubernetes demands it of list maps. */
function withKeyDefaults(compiled: CrdSchema, source: SchemaData, keys: readonly string[]): CrdSchema {
  const properties: Record<string, CrdSchema> = { ...compiled.properties }
  for (const key of keys) {
    const value = resolve(source).properties?.[key]?.default
    if (value !== undefined) properties[key] = { ...properties[key], default: value }
  }
  return { ...compiled, properties }
}

function openSchema(schema: SchemaData, description: CrdSchema): CrdSchema {
  const type = schema.type ?? 'object'
  if (type === 'array') {
    const items: CrdSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    return { ...description, type, items }
  }
  return { ...description, type, 'x-kubernetes-preserve-unknown-fields': true }
}

/** Only the lists that merge by key, and the way to them; undefined where there is none. */
function keyedSchema(name: string, schema: SchemaData): CrdSchema | undefined {
  const full = resolve(schema)
  const keys = keyedLists.includes(name) ? mergeKeys(full) : undefined
  if (keys && full.items) {
    const item = resolve(full.items)
    const required = keys.filter((key) => item.required?.includes(key))
    const own = Object.fromEntries(keys.map((key) => [key, keySchema(item.properties?.[key])]))
    const items: CrdSchema = {
      type: 'object',
      ...(required.length > 0 ? { required } : {}),
      properties: { ...keyedFields(item), ...own },
      'x-kubernetes-preserve-unknown-fields': true,
    }
    return {
      type: 'array',
      items: withKeyDefaults(items, full.items, keys),
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': keys,
    }
  }
  if (!full.properties) return undefined
  const fields = keyedFields(full)
  if (Object.keys(fields).length === 0) return undefined
  return { type: 'object', properties: fields, 'x-kubernetes-preserve-unknown-fields': true }
}

function keyedFields(schema: SchemaData): Record<string, CrdSchema> {
  const fields: Record<string, CrdSchema> = {}
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const keyed = keyedSchema(name, field)
    if (keyed) fields[name] = keyed
  }
  return fields
}

function keySchema(schema: SchemaData | undefined): CrdSchema {
  return { type: schema?.type ?? 'string' }
}
