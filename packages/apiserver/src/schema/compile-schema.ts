import type { Constraints, JsonSchema, Presence, Rule, Schema, SchemaType } from './schema.ts'

/** Finds a definition by its $ref text; undefined where it is unknown. */
export type ResolveRef = (ref: string) => Schema | undefined

/** What is compiled: a built-in kind's OpenAPI or a CRD's openAPIV3Schema. They differ in what an empty object means. */
interface Source {
  readonly resolve: ResolveRef | undefined
  readonly objectMeta: Schema | undefined
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const emptyNode: Schema = {
  type: undefined,
  properties: undefined,
  additional: undefined,
  items: undefined,
  required: [],
  nullable: false,
  default: undefined,
  intOrString: false,
  quantity: false,
  format: undefined,
  preserveUnknown: false,
  tracksUnknown: false,
  embedded: false,
  listType: undefined,
  listKeys: [],
  mapType: undefined,
  patchStrategy: [],
  patchMergeKey: undefined,
  typeName: undefined,
  definition: undefined,
  constraints: undefined,
  rules: [],
  presence: undefined,
  gvk: undefined,
}

/** Accepts anything and keeps it: `additionalProperties: true`, JSON, RawExtension. */
export const anySchema: Schema = { ...emptyNode, preserveUnknown: true }

const stringSchema: Schema = { ...emptyNode, type: 'string' }

/**
 * Compiles one OpenAPI v3 definition of a built-in. A `$ref` is answered by `resolve`; definitions may hold themselves,
 * so `target` is the node that `resolve` already hands out for this definition.
 */
export function compileSchema(raw: JsonSchema, resolve?: ResolveRef, target?: Mutable<Schema>): Schema {
  return compileNode(raw, { resolve, objectMeta: undefined }, false, target)
}

/** A node for `compileSchema` to fill: what a definition's own references to itself see meanwhile. */
export function schemaInProgress(): Mutable<Schema> {
  return { ...emptyNode }
}

/**
 * Compiles a CRD version's openAPIV3Schema. The root and every x-kubernetes-embedded-resource get apiVersion, kind
 * and `objectMeta` (the catalog's schema of ObjectMeta), as the real server adds them.
 */
export function compileCrdSchema(raw: JsonSchema, objectMeta: Schema): Schema {
  const root: Mutable<Schema> = { ...emptyNode }
  compileNode(raw, { resolve: undefined, objectMeta }, false, root)
  root.type ??= 'object'
  root.properties = withObjectFields(root.properties, objectMeta)
  return root
}

function compileNode(raw: JsonSchema, source: Source, tracksUnknown: boolean, target?: Mutable<Schema>): Schema {
  const ref = refOf(raw)
  if (ref !== undefined) return compileReference(raw, ref, source)
  const node = target ?? { ...emptyNode }
  const isBuiltin = source.objectMeta === undefined
  node.type = typeOf(raw.type)
  node.format = optionalString(raw.format)
  node.nullable = raw.nullable === true
  node.default = raw.default
  node.intOrString = raw['x-kubernetes-int-or-string'] === true || raw.format === 'int-or-string'
  node.preserveUnknown = raw['x-kubernetes-preserve-unknown-fields'] === true
  node.tracksUnknown = tracksUnknown || node.preserveUnknown
  node.embedded = raw['x-kubernetes-embedded-resource'] === true
  node.required = strings(raw.required)
  readTopology(raw, node)
  compileChildren(raw, source, node)
  if (node.embedded && source.objectMeta) node.properties = withObjectFields(node.properties, source.objectMeta)
  if (isBuiltin) finishBuiltin(raw, node)
  else {
    node.constraints = compileConstraints(raw, source)
    node.rules = rulesOf(raw['x-kubernetes-validations'])
  }
  return node
}

/** How lists and maps merge: x-kubernetes-list-*, -map-type and -patch-*. */
function readTopology(raw: JsonSchema, node: Mutable<Schema>): void {
  const listType = raw['x-kubernetes-list-type']
  const mapType = raw['x-kubernetes-map-type']
  if (listType === 'atomic' || listType === 'set' || listType === 'map') node.listType = listType
  if (mapType === 'atomic' || mapType === 'granular') node.mapType = mapType
  node.listKeys = strings(raw['x-kubernetes-list-map-keys'])
  node.patchMergeKey = optionalString(raw['x-kubernetes-patch-merge-key'])
  node.patchStrategy = strategiesOf(raw['x-kubernetes-patch-strategy'])
}

function compileChildren(raw: JsonSchema, source: Source, node: Mutable<Schema>): void {
  const child = (value: unknown) => compileNode(asSchema(value), source, node.tracksUnknown)
  if (isObject(raw.properties)) {
    node.properties = new Map(Object.entries(raw.properties).map(([name, value]) => [name, child(value)]))
  }
  if (raw.additionalProperties === true) node.additional = anySchema
  else if (isObject(raw.additionalProperties)) node.additional = child(raw.additionalProperties)
  if (isObject(raw.items)) node.items = child(raw.items)
}

function compileReference(raw: JsonSchema, ref: string, source: Source): Schema {
  const target = source.resolve?.(ref)
  if (!target) throw new Error(`schema reference ${ref} leads nowhere`)
  const overrides: Mutable<Partial<Schema>> = {}
  const strategy = strategiesOf(raw['x-kubernetes-patch-strategy'])
  const mapType = raw['x-kubernetes-map-type']
  if (strategy.length > 0) overrides.patchStrategy = strategy
  if (mapType === 'atomic' || mapType === 'granular') overrides.mapType = mapType
  return Object.keys(overrides).length === 0 ? target : { ...target, ...overrides }
}

function refOf(raw: JsonSchema): string | undefined {
  if (typeof raw.$ref === 'string') return raw.$ref
  const only = Array.isArray(raw.allOf) && raw.allOf.length === 1 ? raw.allOf[0] : undefined
  return isObject(only) && typeof only.$ref === 'string' ? only.$ref : undefined
}

/** Built-ins: an untyped or free-form object keeps everything, and each property knows what being empty means. */
function finishBuiltin(raw: JsonSchema, node: Mutable<Schema>): void {
  if (node.intOrString) node.type = undefined
  else if (node.type === undefined || (node.type === 'object' && !node.properties && !node.additional)) {
    node.preserveUnknown = true
  }
  if (Array.isArray(raw.enum)) node.constraints = { enum: raw.enum }
  if (!isObject(raw.properties)) return
  const presence = new Map<string, Presence>()
  for (const [name, value] of Object.entries(raw.properties)) {
    presence.set(name, presenceOf(asSchema(value), node.required.includes(name)))
  }
  node.presence = presence
}

function presenceOf(property: JsonSchema, isRequired: boolean): Presence {
  const marked = property['x-presence']
  if (marked === 'keep' || marked === 'fill' || marked === 'drop') return marked
  if (refOf(property) !== undefined) return property.default === undefined ? 'keep' : 'fill'
  return isRequired ? 'fill' : 'drop'
}

function withObjectFields(
  properties: ReadonlyMap<string, Schema> | undefined,
  objectMeta: Schema,
): ReadonlyMap<string, Schema> {
  const all = new Map(properties)
  const restricted = all.get('metadata')?.properties
  all.set('apiVersion', stringSchema)
  all.set('kind', stringSchema)
  all.set(
    'metadata',
    restricted ? { ...objectMeta, properties: merged(objectMeta.properties, restricted) } : objectMeta,
  )
  return all
}

/** A CRD may restrict metadata.name and metadata.generateName; both fields keep their place in ObjectMeta. */
function merged(
  base: ReadonlyMap<string, Schema> | undefined,
  restricted: ReadonlyMap<string, Schema>,
): ReadonlyMap<string, Schema> {
  const all = new Map(base)
  for (const name of ['name', 'generateName']) {
    const own = restricted.get(name)
    if (own) all.set(name, own)
  }
  return all
}

const numberKeywords = [
  ...(['minimum', 'maximum', 'multipleOf', 'minLength', 'maxLength', 'minItems', 'maxItems'] as const),
  ...(['minProperties', 'maxProperties'] as const),
]
const flagKeywords = ['exclusiveMinimum', 'exclusiveMaximum', 'uniqueItems'] as const
const schemaListKeywords = ['allOf', 'anyOf', 'oneOf'] as const

function compileConstraints(raw: JsonSchema, source: Source): Constraints | undefined {
  const found: Mutable<Constraints> = {}
  for (const keyword of numberKeywords) {
    const value = raw[keyword]
    if (typeof value === 'number') found[keyword] = value
  }
  for (const keyword of flagKeywords) if (raw[keyword] === true) found[keyword] = true
  if (typeof raw.pattern === 'string' && raw.pattern !== '') found.pattern = raw.pattern
  if (typeof raw.format === 'string' && raw.format !== '') found.format = raw.format
  if (Array.isArray(raw.enum)) found.enum = raw.enum
  for (const keyword of schemaListKeywords) {
    const list = raw[keyword]
    if (Array.isArray(list) && list.length > 0) {
      found[keyword] = list.map((item) => compileNode(asSchema(item), source, false))
    }
  }
  if (isObject(raw.not)) found.not = compileNode(raw.not, source, false)
  return Object.keys(found).length === 0 ? undefined : found
}

function rulesOf(raw: unknown): readonly Rule[] {
  if (!Array.isArray(raw)) return []
  return raw.filter((item): item is Rule & Record<string, unknown> => isObject(item) && typeof item.rule === 'string')
}

function typeOf(raw: unknown): SchemaType | undefined {
  switch (raw) {
    case 'object':
    case 'array':
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return raw
    default:
      return undefined
  }
}

function strategiesOf(raw: unknown): Schema['patchStrategy'] {
  if (typeof raw !== 'string' || raw === '') return []
  return raw.split(',').filter((word) => word === 'merge' || word === 'replace' || word === 'retainKeys')
}

function asSchema(raw: unknown): JsonSchema {
  return isObject(raw) ? raw : {}
}

function optionalString(raw: unknown): string | undefined {
  return typeof raw === 'string' && raw !== '' ? raw : undefined
}

function strings(raw: unknown): readonly string[] {
  return Array.isArray(raw) ? raw.filter((item) => typeof item === 'string') : []
}

function isObject(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}
