import kubernetes from '../generated/kubernetes.json' with { type: 'json' }
import type { KubernetesObjects } from '../generated/kubernetes-objects.ts'

/** A rule in CEL (`self`, `oldSelf`), with the sentence a user reads when it does not hold. */
export interface Rule {
  readonly rule: string
  readonly message: string
}

/**
 * The one description of a value, as data. Everything is made from it: types (by `Schema<T>`), CRDs, JSON Schema, the
 * validator and the reference. Close to JSON Schema; what differs is shorter and named after what Kubernetes means.
 */
export interface SchemaData {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly description?: string
  readonly format?: 'int32' | 'int64' | 'date-time'
  /** The only values allowed. */
  readonly enum?: readonly string[]
  /** Values that Kubernetes accepts today. Another one is a warning, never an error: a newer cluster may know it. */
  readonly known?: readonly string[]
  readonly pattern?: string
  /** The pattern in words that continue the value, such as `must be an absolute path`. */
  readonly patternMeans?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  /** Applied when reading, never written into the user's object (except list map keys, which Kubernetes demands). */
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, SchemaData>>
  readonly required?: readonly string[]
  /** An array's items. */
  readonly items?: SchemaData
  /** A map's values. */
  readonly values?: SchemaData
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listKeys?: readonly string[]
  readonly mapType?: 'atomic' | 'granular'
  /** A Kubernetes quantity: a number, or a string such as `500m` or `2Gi`. */
  readonly quantity?: boolean
  readonly intOrString?: boolean
  /** An object that may hold anything beyond its named properties. */
  readonly open?: boolean
  /**
   * What the CRD says of a subtree that is deprecated, or repeated from elsewhere, and that the validator checks in full:
   * nothing (`open`), or only the fields of our own (`own`).
   */
  readonly inCrd?: 'open' | 'own'
  /** Kubernetes' own field, not one of ours. */
  readonly foreign?: boolean
  readonly rules?: readonly Rule[]
  /** Of a definition: its name in Kubernetes' OpenAPI. */
  readonly origin?: string
  /** A definition of Kubernetes' own (see `definition`). */
  readonly $ref?: string
}

/** Schema data that describes values of type T. The type parameter exists for the compiler alone. */
export interface Schema<out T> extends SchemaData {
  readonly __value?: T
}

export type Infer<S> = S extends Schema<infer T> ? T : never

type Fields = Readonly<Record<string, Schema<unknown>>>

export type ObjectOf<F extends Fields, R extends keyof F> = {
  readonly [K in R]: Infer<F[K]>
} & { readonly [K in Exclude<keyof F, R>]?: Infer<F[K]> }

/** An object with these fields and no others. `required` names those that must be there. */
export function object<const F extends Fields, R extends keyof F & string = never>(
  description: string,
  properties: F,
  required: readonly R[] = [],
): Schema<ObjectOf<F, R>> {
  return { type: 'object', description, properties, ...(required.length > 0 ? { required } : {}) }
}

export function text(description: string, options: SchemaData = {}): Schema<string> {
  return { type: 'string', description, ...options }
}

export function oneOf<const V extends string>(
  description: string,
  values: readonly V[],
  options: SchemaData = {},
): Schema<V> {
  return { type: 'string', description, enum: values, ...options }
}

export function int32(description: string, options: SchemaData = {}): Schema<number> {
  return { type: 'integer', format: 'int32', description, ...options }
}

export function int64(description: string, options: SchemaData = {}): Schema<number> {
  return { type: 'integer', format: 'int64', description, ...options }
}

/** A whole number whose size KServe's schema does not limit. */
export function integer(description: string, options: SchemaData = {}): Schema<number> {
  return { type: 'integer', description, ...options }
}

export function flag(description: string, options: SchemaData = {}): Schema<boolean> {
  return { type: 'boolean', description, ...options }
}

export function quantity(description: string, options: SchemaData = {}): Schema<string | number> {
  return { quantity: true, description, ...options }
}

export function list<T>(description: string, items: Schema<T>, options: SchemaData = {}): Schema<readonly T[]> {
  return { type: 'array', description, items, ...options }
}

export function map<T>(
  description: string,
  values: Schema<T>,
  options: SchemaData = {},
): Schema<Readonly<Record<string, T>>> {
  return { type: 'object', description, values, ...options }
}

export function textMap(description: string, options: SchemaData = {}): Schema<Readonly<Record<string, string>>> {
  return map(description, { type: 'string' }, options)
}

/** The same schema under another description or with more keywords. */
export function but<T>(schema: Schema<T>, change: SchemaData): Schema<T> {
  return { ...schema, ...change }
}

const definitions = kubernetes as Readonly<Record<string, unknown>> as Readonly<Record<string, SchemaData>>

/** One of Kubernetes' own types, by reference. */
export function kubernetesObject<K extends keyof KubernetesObjects>(
  name: K,
  options: SchemaData = {},
): Schema<KubernetesObjects[K]> {
  return { ...options, $ref: name, foreign: true }
}

type FieldSchemas<T> = { readonly [K in keyof T & string]: Schema<Exclude<T[K], undefined>> }

/** The fields of one of Kubernetes' own types, to be mixed into an object of ours. */
export function kubernetesFields<K extends keyof KubernetesObjects>(
  name: K,
): FieldSchemas<Required<KubernetesObjects[K]>> {
  const { properties } = definition(name)
  if (!properties) throw new Error(`${name} has no fields`)
  const marked = Object.entries(properties).map(([field, schema]) => [field, { ...schema, foreign: true }])
  return Object.fromEntries(marked) as FieldSchemas<Required<KubernetesObjects[K]>>
}

/** The definition that a `$ref` names. */
export function definition(name: string): SchemaData {
  const found = definitions[name]
  if (!found) throw new Error(`no definition of ${name}: run scripts/generate-kubernetes.ts`)
  return found
}

/** Follows a `$ref`; keywords beside it (a description of ours) win over the definition's. */
export function resolve(schema: SchemaData): SchemaData {
  if (!schema.$ref) return schema
  const { $ref, ...own } = schema
  return { ...definition($ref), ...own }
}
