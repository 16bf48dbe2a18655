/** The keywords of Kubernetes' OpenAPI documents that are read here. */
export interface OpenApiSchema {
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, OpenApiSchema>>
  readonly items?: OpenApiSchema
  readonly additionalProperties?: OpenApiSchema
  readonly allOf?: readonly OpenApiSchema[]
  readonly $ref?: string
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: string
}

export type Compact = Record<string, unknown>

/** Schemas whose Go type decides the JSON, so that OpenAPI's own words for them say less than they should. */
const special: Readonly<Record<string, Compact>> = {
  Quantity: { quantity: true },
  IntOrString: { intOrString: true },
  Time: { type: 'string', format: 'date-time' },
  MicroTime: { type: 'string', format: 'date-time' },
  FieldsV1: { type: 'object', open: true },
}

/** The one key of a list map that may be left out. */
const keyWithDefault = 'protocol'

/** Lists that have a key for patching, and in which Kubernetes all the same allows one key twice: they are kept whole. */
const notByKey: readonly string[] = ['hostAliases', 'imagePullSecrets']

/**
 * Everything reachable from `roots`, by short name, sorted, with what our compiler reads and nothing else. Defaults are
 * left out (Kubernetes fills them in when it reads a pod), except where a key of a list map would be optional.
 */
export function compactDefinitions(
  schemas: Readonly<Record<string, OpenApiSchema>>,
  roots: readonly string[],
): Record<string, Compact> {
  const found = new Map<string, Compact>()
  const origin = new Map<string, string>()
  const waiting = [...roots]
  for (let full = waiting.pop(); full !== undefined; full = waiting.pop()) {
    const short = shortName(full)
    const before = origin.get(short)
    if (before === full) continue
    if (before) throw new Error(`two schemas would be called ${short}: ${before} and ${full}`)
    origin.set(short, full)
    const schema = schemas[full]
    if (!schema) throw new Error(`no schema ${full}`)
    const body = special[short] ?? compact(schema, (name) => waiting.push(name))
    found.set(short, { origin: full, ...body })
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function shortName(full: string): string {
  return full.slice(full.lastIndexOf('.') + 1)
}

function compact(schema: OpenApiSchema, visit: (name: string) => void): Compact {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref
  if (reference) {
    const full = reference.slice(reference.lastIndexOf('/') + 1)
    visit(full)
    return { $ref: shortName(full) }
  }
  const out: Compact = {}
  if (schema.type) out['type'] = schema.type
  if (schema.format) out['format'] = schema.format
  if (schema.enum) out['known'] = schema.enum
  if (schema['x-kubernetes-map-type'] === 'atomic') out['mapType'] = 'atomic'
  if (schema['x-kubernetes-list-type']) out['listType'] = schema['x-kubernetes-list-type']
  if (schema['x-kubernetes-list-map-keys']) out['listKeys'] = schema['x-kubernetes-list-map-keys']
  if (schema.required) out['required'] = schema.required
  if (schema.properties) {
    const properties = Object.entries(schema.properties)
    out['properties'] = Object.fromEntries(properties.map(([name, value]) => [name, field(name, value, visit)]))
  }
  if (schema.items) out['items'] = compact(schema.items, visit)
  if (schema.additionalProperties) out['values'] = compact(schema.additionalProperties, visit)
  return out
}

function field(name: string, schema: OpenApiSchema, visit: (name: string) => void): Compact {
  const out = compact(schema, visit)
  if (name === keyWithDefault && schema.default) out['default'] = schema.default
  if (!notByKey.includes(name)) return out
  const { listKeys: _keys, ...rest } = out
  return { ...rest, listType: 'atomic' }
}
