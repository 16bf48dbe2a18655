import { definition, type SchemaData } from '../schema/schema.ts'

/** A schema in the words of JSON Schema, as far as draft 7 and OpenAPI 3.0 share them. */
export type JsonSchema = Readonly<Record<string, unknown>>

export type EmitSchema = (schema: SchemaData) => JsonSchema

export interface EmitOptions {
  /** The `$ref` for one of Kubernetes' own types. */
  readonly referenceTo: (name: string, target: SchemaData) => string
  /** Gets each type that is referred to within the document, once. Absent: for none. */
  readonly define?: (name: string, schema: JsonSchema) => void
  /** Whether the sizes of numbers (int32, int64) are said. */
  readonly hasNumberFormats: boolean
}

const quantityPattern = '^[+-]?(\\d+(\\.\\d*)?|\\.\\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\\d+)?$'

/** Makes schemas of a document's dialect. Nothing is left open that the validator checks, but keys that stand twice. */
export function schemaEmitter(options: EmitOptions): EmitSchema {
  const seen = new Set<string>()
  const emit: EmitSchema = (schema) => {
    if (!schema.$ref) return body(schema, emit, options)
    const { $ref, foreign: _foreign, description, ...own } = schema
    const target = definition($ref)
    if (Object.keys(own).length > 0) return body({ ...target, ...schema }, emit, options)
    const reference = options.referenceTo($ref, target)
    if (reference.startsWith('#') && !seen.has($ref)) {
      seen.add($ref)
      options.define?.($ref, body(target, emit, options))
    }
    // Beside a $ref everything else is ignored: a description of ours needs a wrapper.
    return description ? { description, allOf: [{ $ref: reference }] } : { $ref: reference }
  }
  return emit
}

function body(schema: SchemaData, emit: EmitSchema, { hasNumberFormats }: EmitOptions): JsonSchema {
  const { description, pattern, minimum, maximum, minLength, maxLength, minItems, minProperties } = schema
  const about = {
    ...(description ? { description } : {}),
    ...(schema.default === undefined ? {} : { default: schema.default }),
  }
  if (schema.quantity) {
    return { ...about, anyOf: [{ type: 'integer' }, { type: 'string', pattern: quantityPattern }] }
  }
  if (schema.intOrString) return { ...about, anyOf: [{ type: 'integer' }, { type: 'string' }] }
  const hasFormat = schema.format === 'date-time' || hasNumberFormats
  return {
    ...about,
    ...(schema.type ? { type: schema.type } : {}),
    ...(schema.format && hasFormat ? { format: schema.format } : {}),
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

function fieldsOf(properties: Readonly<Record<string, SchemaData>>, emit: EmitSchema): JsonSchema {
  return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, emit(field)]))
}
