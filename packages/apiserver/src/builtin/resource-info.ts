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
