import type { JsonSchema, Schema } from '../schema/schema.ts'

export interface Gvk {
  /** '' for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface SubresourceInfo {
  /** `status`, `scale`, `log`, … */
  readonly name: string
  /** Kind of what it takes and gives (`Scale` of autoscaling/v1 for scale); the resource's own for status. */
  readonly gvk: Gvk
  readonly verbs: readonly string[]
}

/** One built-in resource, as discovery needs it. */
export interface ResourceInfo {
  readonly gvk: Gvk
  readonly plural: string
  readonly singular: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly subresources: readonly SubresourceInfo[]
}

/** The built-in API: resources, and schemas that are compiled when first asked for. */
export interface Catalog {
  readonly resources: readonly ResourceInfo[]
  /** Compiled schema of a kind; undefined where it is not built in. */
  schemaOf(gvk: Gvk): Schema | undefined
  /** Schema of metav1.ObjectMeta, for `compileCrdSchema`. */
  readonly objectMeta: Schema
  /** OpenAPI v3 document of one group version: `api/v1`, `apis/apps/v1`. Undefined: not built in. */
  openApi(groupVersionPath: string): JsonSchema | undefined
  readonly groupVersionPaths: readonly string[]
}

/** The built-in API of Kubernetes 1.34. Parsed at the first call, the same value afterwards. */
export function builtinCatalog(): Catalog {
  throw new Error('to be written')
}
