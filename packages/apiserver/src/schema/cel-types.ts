import type { Environment } from '@marcbachmann/cel-js'
import { keyOf } from './cel-library-lists.ts'
import type { Cel } from './cel-environment.ts'
import { words } from './words.ts'
import type { Schema } from './schema.ts'

type Json = Readonly<Record<string, unknown>>
type Constructor = new () => object

/** How a schema's values look in CEL: its type's name and the conversion of a JSON value. */
export interface CelType {
  readonly name: string
  convert(value: unknown): unknown
}

/** CEL types of one rule's schema, registered in its environment. Types are made once per schema node. */
export interface CelTypes {
  of(schema: Schema): CelType
}

const reserved: ReadonlySet<string> = new Set(
  words(`
  true false null in as break const continue else for function if import
  let loop package namespace return var void while
`),
)

/** A property's name in CEL: Kubernetes escapes what is no identifier. Undefined: CEL cannot reach it. */
export function celFieldName(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`
  const escaped = name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined
}

/**
 * `words`: all that stands in the rules. An object below a name that no rule says can only be compared as a whole, and gets
 * no type of its own: of a pod's thousand types, a rule on replicas needs none.
 */
export function celTypes(environment: Environment, cel: Cel, words: ReadonlySet<string>): CelTypes {
  const known = new Map<Schema, CelType>()
  const of = (schema: Schema): CelType => {
    const found = known.get(schema)
    if (found) return found
    const made = makeType(schema, of, { environment, cel, known, words })
    known.set(schema, made)
    return made
  }
  return { of }
}

type TypeOf = (schema: Schema) => CelType

interface Making {
  readonly environment: Environment
  readonly cel: Cel
  readonly known: Map<Schema, CelType>
  readonly words: ReadonlySet<string>
}

function makeType(schema: Schema, of: TypeOf, making: Making): CelType {
  if (schema.intOrString || schema.quantity) return dynamic
  switch (schema.type) {
    case 'object':
      return schema.properties
        ? objectType(schema, schema.properties, of, making)
        : schema.additional
          ? mapType(of(schema.additional))
          : dynamic
    case 'array':
      return schema.items ? listType(of(schema.items)) : dynamic
    case 'integer':
      return { name: 'int', convert: (value) => (isInteger(value) ? BigInt(value) : value) }
    case 'number':
      return { name: 'double', convert: (value) => value }
    case 'boolean':
      return { name: 'bool', convert: (value) => value }
    case 'string':
      return stringType(schema, making.cel)
    case undefined:
      return dynamic
  }
}

const isInteger = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value)

/** What the schema does not say: numbers are ints where they are whole. */
const dynamic: CelType = { name: 'dyn', convert: convertAny }

function convertAny(value: unknown): unknown {
  if (isInteger(value)) return BigInt(value)
  if (Array.isArray(value)) return value.map(convertAny)
  if (typeof value !== 'object' || value === null) return value
  return new Map(Object.entries(value).map(([key, item]) => [key, convertAny(item)]))
}

function listType(items: CelType): CelType {
  return {
    name: `list<${items.name}>`,
    convert: (value) => (Array.isArray(value) ? value.map((item) => items.convert(item)) : value),
  }
}

function mapType(values: CelType): CelType {
  const convert = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return new Map(Object.entries(value).map(([key, item]) => [key, values.convert(item)]))
  }
  return { name: `map<string, ${values.name}>`, convert }
}

function stringType(schema: Schema, cel: Cel): CelType {
  switch (schema.format?.replaceAll('-', '')) {
    case 'byte':
      return { name: 'bytes', convert: (value) => (typeof value === 'string' ? Buffer.from(value, 'base64') : value) }
    case 'date':
    case 'datetime':
      return {
        name: 'google.protobuf.Timestamp',
        convert: (value) => (typeof value === 'string' ? new Date(value) : value),
      }
    case 'duration':
      return {
        name: 'google.protobuf.Duration',
        convert: (value) =>
          typeof value === 'string' ? cel.base.evaluate(`duration(${JSON.stringify(value)})`) : value,
      }
    default:
      return { name: 'string', convert: (value) => value }
  }
}

/** No object with properties is in it, on whatever level. */
function isPlain({ properties, items, additional }: Schema): boolean {
  return !properties && (!items || isPlain(items)) && (!additional || isPlain(additional))
}

let typeCount = 0

function objectType(
  schema: Schema,
  properties: ReadonlyMap<string, Schema>,
  of: TypeOf,
  { environment, known, words }: Making,
): CelType {
  const name = `T${++typeCount}`
  const constructor: Constructor = class {}
  const fields: Record<string, string> = {}
  const converters = new Map<string, { readonly names: readonly string[]; readonly type: CelType }>()
  const convert = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const out = new constructor()
    for (const [key, item] of Object.entries(value as Json)) {
      const found = converters.get(key)
      if (!found) continue
      const value = found.type.convert(item)
      for (const name of found.names) Object.defineProperty(out, name, { value, enumerable: true })
    }
    return out
  }
  const made: CelType = { name, convert }
  known.set(schema, made)
  for (const [key, property] of properties) {
    const field = celFieldName(key)
    if (field === undefined) continue
    // A reserved word may stand after a dot as it is, too.
    const names = reserved.has(key) ? [field, key] : [field]
    const type = isPlain(property) || names.some((name) => words.has(name)) ? of(property) : dynamic
    for (const name of names) fields[name] = type.name
    converters.set(key, { names, type })
  }
  environment.registerType(name, { ctor: constructor, fields })
  environment.registerOperator(`${name} == ${name}`, (a: unknown, b: unknown) => keyOf(a) === keyOf(b))
  return made
}
