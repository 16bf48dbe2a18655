import type { Gvk } from '../builtin/resource-info.ts'

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'

/** An OpenAPI v3 schema or a CRD's openAPIV3Schema as it is written: JSON, not yet checked. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** One x-kubernetes-validations entry. */
export interface Rule {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate'
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

/**
 * What an empty property (null, "", 0, false, [], {}) of a built-in means: `keep` as written (a pointer in Go; null is
 * absent), `fill` in the zero value even when absent (no omitempty), `drop` (omitempty).
 */
export type Presence = 'keep' | 'fill' | 'drop'

/** The value validations of one node. Absent keyword: absent property. */
export interface Constraints {
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly not?: Schema
}

/**
 * A compiled schema node: the one form for built-in kinds (OpenAPI) and custom resources (openAPIV3Schema). Built-in
 * schemas are cyclic (JSONSchemaProps holds itself), so walk the value, never the schema alone.
 */
export interface Schema {
  /** Undefined: any type (int-or-string, quantity, preserve-unknown-fields). */
  readonly type: SchemaType | undefined
  readonly properties: ReadonlyMap<string, Schema> | undefined
  /** Schema of additionalProperties; undefined where there are none. `additionalProperties: true` is `anySchema`. */
  readonly additional: Schema | undefined
  readonly items: Schema | undefined
  readonly required: readonly string[]
  readonly nullable: boolean
  /** Undefined: no default. Shared, so clone before handing out. */
  readonly default: unknown
  readonly intOrString: boolean
  readonly quantity: boolean
  readonly format: string | undefined
  /** Unknown fields stay: x-kubernetes-preserve-unknown-fields, or an untyped or free-form built-in. */
  readonly preserveUnknown: boolean
  /** x-kubernetes-preserve-unknown-fields here or above: field ownership reaches into unknown fields. */
  readonly tracksUnknown: boolean
  readonly embedded: boolean
  /** Undefined counts as atomic. */
  readonly listType: 'atomic' | 'set' | 'map' | undefined
  readonly listKeys: readonly string[]
  /** Undefined counts as granular. */
  readonly mapType: 'atomic' | 'granular' | undefined
  readonly patchStrategy: readonly ('merge' | 'replace' | 'retainKeys')[]
  readonly patchMergeKey: string | undefined
  /** Go type name of a built-in's definition (`DeploymentSpec`), which decode errors mention; undefined inside CRDs. */
  readonly typeName: string | undefined
  /** The same with its package (`io.k8s.api.apps.v1.DeploymentSpec`): what a type's own defaults go by. */
  readonly definition: string | undefined
  readonly constraints: Constraints | undefined
  readonly rules: readonly Rule[]
  /** For built-ins, what an empty value of each property means in the Go type; undefined inside CRDs. */
  readonly presence: ReadonlyMap<string, Presence> | undefined
  /** Root of an object with apiVersion, kind and metadata. */
  readonly gvk: Gvk | undefined
}
