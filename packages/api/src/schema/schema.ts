import kubernetes from '../generated/kubernetes.json' with { type: 'json' }
import type { KubernetesObjects } from '../generated/kubernetes-objects.ts'

/** One place where a rule does not hold. */
export interface Fault {
  /** From the value that the rule is about. */
  readonly path: readonly (string | number)[]
  /** What is wrong and what to do, to be read after the place. */
  readonly message: string
  readonly value?: unknown
  readonly suggestion?: string
}

/**
 * One rule about a value, said twice: in CEL for the CRD, and as a function for the validator, which can say more. A test
 * holds the one against the other. It is asked only of values that the schema accepts.
 */
export interface Rule {
  /** Stable: findings carry it. */
  readonly name: string
  /**
   * CEL over `self`, and over `oldSelf` where it is about a change. Absent where `bounds` say it, and where the API server
   * estimates that it would cost too much: lists in maps have no bound here, as they have none in KServe.
   *
   * kube-apiserver evaluates it in every write of the object, those of its status too, and goes through all properties that
   * the schema has for each field of `self` that is asked for, and once more where the field is there. In an object as large
   * as a predictor that is nearly all that a rule costs: ask for few fields, and for each once.
   *
   * `[value].all(name, …)` gives a value a name. What is computed and then gone through needs one: the estimate of Kubernetes
   * 1.32 and older takes a list without a name for endless, and the CRD is refused.
   */
  readonly cel?: string
  /** What says it in the CRD instead of CEL, where it bounds a number: that costs nothing when only a status is written. */
  readonly bounds?: { readonly minimum?: number; readonly maximum?: number }
  /** What the API server says after the place. */
  readonly message: string
  /** The field of the value that is at fault, dotted; absent: the value itself. */
  readonly field?: string
  /** Asked only on updates of a value that was there before. */
  readonly isChange?: boolean
  /** Empty if the rule holds. `old` is the value before, on updates. */
  readonly faults: (self: unknown, old: unknown) => readonly Fault[]
}

/** A rule about values of type T, which the schema has checked, told by whether it holds. */
export interface ClaimRule<T> extends Omit<Rule, 'faults'> {
  /** What to do, where the message alone does not tell. */
  readonly advice?: string
  readonly holds: (self: T, old: T) => boolean
  /** What the validator says instead of message and advice: it can name what it found. */
  readonly say?: (self: T) => string
}

export function rule<T>({ advice, holds, say, message: claim, ...rest }: ClaimRule<T>): Rule {
  const message = advice === undefined ? claim : `${claim}: ${advice}`
  const path = rest.field?.split('.') ?? []
  return {
    ...rest,
    message,
    faults: (self, old) =>
      holds(self as T, old as T) ? [] : [{ path, message: say?.(self as T) ?? message, value: valueAt(self, path) }],
  }
}

/** A rule about values of type T that finds its faults itself. */
export function ruleOf<T>(given: Omit<Rule, 'faults'> & { readonly faults: (self: T) => readonly Fault[] }): Rule {
  return { ...given, faults: (self) => given.faults(self as T) }
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce((at: unknown, name) => (Object(at) as Record<string, unknown>)[name], value)
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
  /** An object's least number of fields. */
  readonly minProperties?: number
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
