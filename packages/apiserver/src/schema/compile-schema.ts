import type { JsonSchema, Schema } from './schema.ts'

/** Finds a definition by its $ref text; undefined where it is unknown. */
export type ResolveRef = (ref: string) => Schema | undefined

/**
 * Compiles an OpenAPI v3 schema (built-in kinds) or the plain parts of a CRD schema. A `$ref` (alone or as the only
 * entry of allOf, with a default beside it) is answered by `resolve`.
 */
export function compileSchema(raw: JsonSchema, resolve?: ResolveRef): Schema {
  throw new Error(`to be written ${String(raw)} ${String(resolve)}`)
}

/**
 * Compiles a CRD version's openAPIV3Schema. The root and every x-kubernetes-embedded-resource get apiVersion, kind
 * and `objectMeta` (the catalog's schema of ObjectMeta), as the real server adds them.
 */
export function compileCrdSchema(raw: JsonSchema, objectMeta: Schema): Schema {
  throw new Error(`to be written ${String(raw)} ${String(objectMeta)}`)
}
