import { group, type KindSource, objectSchema, storageVersion, type VersionSource } from '../kinds/kind-source.ts'
import { definition, type SchemaData } from '../schema/schema.ts'

/** JSON Schema, draft 7: the one that editors' YAML servers know best. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Where Kubernetes' own types are found: in the file itself, or in the files that the community publishes. */
export type KubernetesTypes = 'included' | 'referenced'

/** The version of Kubernetes whose types are generated here. */
const kubernetesVersion = 'v1.34.2'
const publishedDefinitions = `https://raw.githubusercontent.com/yannh/kubernetes-json-schema/master/${kubernetesVersion}/_definitions.json#/definitions/`

const quantityPattern = '^[+-]?(\\d+(\\.\\d*)?|\\.\\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\\d+)?$'

/** The complete schema of one version of a kind, for editors: nothing is left open that the validator checks. */
export function jsonSchema(
  source: KindSource,
  kubernetes: KubernetesTypes,
  version: VersionSource = storageVersion(source),
): JsonSchema {
  const definitions = new Map<string, JsonSchema>()
  const emit = emitter(kubernetes, definitions)
  const { properties, ...top } = emit(objectSchema(source, version)) as { readonly properties: JsonSchema }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: `${source.kind} ${group}/${version.name}`,
    ...top,
    required: ['apiVersion', 'kind', 'metadata', ...version.required],
    properties: {
      ...properties,
      apiVersion: { const: `${group}/${version.name}` },
      kind: { const: source.kind },
      metadata: emit({ $ref: 'ObjectMeta' }),
    },
    ...(definitions.size > 0 ? { definitions: sorted(definitions) } : {}),
  }
}

function sorted(definitions: ReadonlyMap<string, JsonSchema>): JsonSchema {
  return Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1)))
}

type Emit = (schema: SchemaData) => JsonSchema

function emitter(kubernetes: KubernetesTypes, definitions: Map<string, JsonSchema>): Emit {
  const emit: Emit = (schema) => {
    if (!schema.$ref) return body(schema, emit)
    const { $ref, foreign: _foreign, description, ...own } = schema
    const target = definition($ref)
    if (Object.keys(own).length > 0) return body({ ...target, ...schema }, emit)
    const reference =
      kubernetes === 'referenced' && target.origin ? publishedDefinitions + target.origin : `#/definitions/${$ref}`
    if (reference.startsWith('#') && !definitions.has($ref)) {
      definitions.set($ref, {})
      definitions.set($ref, body(target, emit))
    }
    // Beside a $ref, draft 7 ignores everything: a description of ours needs a wrapper.
    return description ? { description, allOf: [{ $ref: reference }] } : { $ref: reference }
  }
  return emit
}

function body(schema: SchemaData, emit: Emit): JsonSchema {
  const { description, pattern, minimum, maximum, minLength, maxLength, minItems, minProperties } = schema
  const about = {
    ...(description ? { description } : {}),
    ...(schema.default === undefined ? {} : { default: schema.default }),
  }
  if (schema.quantity) {
    return { ...about, anyOf: [{ type: 'integer' }, { type: 'string', pattern: quantityPattern }] }
  }
  if (schema.intOrString) return { ...about, anyOf: [{ type: 'integer' }, { type: 'string' }] }
  return {
    ...about,
    ...(schema.type ? { type: schema.type } : {}),
    ...(schema.format === 'date-time' ? { format: 'date-time' } : {}),
    ...(schema.enum ? { enum: schema.enum } : {}),
    ...(pattern ? { pattern } : {}),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(minLength === undefined ? {} : { minLength }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(minItems === undefined ? {} : { minItems }),
    ...(minProperties === undefined ? {} : { minProperties }),
    ...(schema.required?.length ? { required: schema.required } : {}),
    ...(schema.properties ? { properties: fieldsOf(schema.properties, emit) } : {}),
    ...(schema.items ? { items: emit(schema.items) } : {}),
    ...(schema.type === 'object'
      ? { additionalProperties: schema.values ? emit(schema.values) : schema.open === true }
      : {}),
  }
}

function fieldsOf(properties: Readonly<Record<string, SchemaData>>, emit: Emit): JsonSchema {
  return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, emit(field)]))
}
