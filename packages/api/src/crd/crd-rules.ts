/** The two sizes in which every CRD is made. */
export type CrdVariant = 'full' | 'minimal'

/**
 * How much of a subtree the CRD says.
 * - `typed`: all of it.
 * - `keyed`: open, but the lists that server-side apply merges by key keep their keys.
 * - `open`: any object or list.
 */
export type Detail = 'typed' | 'keyed' | 'open'

/** What kubectl allows for all annotations of an object together, keys included (Kubernetes' TotalAnnotationSizeLimitB). */
export const annotationBytesMax = 262_144

export interface VariantRules {
  /** Over this, making the CRD fails. */
  readonly bytesMax: number
  /**
   * The compiler gives up rules and opens subtrees until the CRD is no larger than this, which leaves room for what an
   * installation adds (labels, annotations). What is typed is worth more than a quiet size report: it may lie in the share
   * of the budget that `millrace crd size` warns of.
   */
  readonly bytesAim: number
  /** The same for a CRD that has a preview beside its stored version. */
  readonly bytesAimWithPreview: number
  /** Whose descriptions are kept: ours at any depth, or none below the top. */
  readonly descriptions: 'all' | 'top'
  /** What happens to fields that come from a pod or a container, before any weight is looked at. */
  readonly podFields: Detail
  /** The same in a preview. */
  readonly podFieldsOfPreview: Detail
  /** Whether the sizes of our own numbers (int32, int64) are told. Those of pod fields never are. */
  readonly formats: boolean
}

export const variantRules: Readonly<Record<CrdVariant, VariantRules>> = {
  full: {
    bytesMax: annotationBytesMax,
    bytesAim: 200_000,
    bytesAimWithPreview: 245_000,
    descriptions: 'all',
    podFields: 'typed',
    podFieldsOfPreview: 'keyed',
    formats: true,
  },
  minimal: {
    bytesMax: 16_384,
    bytesAim: 16_000,
    bytesAimWithPreview: 16_000,
    descriptions: 'top',
    podFields: 'keyed',
    podFieldsOfPreview: 'keyed',
    formats: false,
  },
}

/** The lists that keep their keys where pod fields are `keyed`: those that people apply in parts. */
export const keyedLists: readonly string[] = ['containers', 'env', 'ports']

/** What may be given up where a CRD is too large: a subtree (opened), or the rules (left to admission). */
export type Sacrifice = {
  /** How much is missed then (higher: more). */
  readonly weight: number
  /** Of this version alone; absent: of every one. */
  readonly version?: string
} & ({ readonly rules: true } | { readonly path: string })

/** A subtree is named by the end of its path. What stands nowhere here is never given up. */
export const sacrifices: readonly Sacrifice[] = [
  { path: 'ephemeralContainers', weight: 1 },
  { path: 'status', version: 'v1', weight: 1 },
  { path: 'explainer.affinity', weight: 2 },
  { path: 'explainer.initContainers', weight: 3 },
  { path: 'explainer.volumes', weight: 4 },
  { path: 'transformer.affinity', weight: 5 },
  { rules: true, version: 'v1', weight: 6 },
  { rules: true, weight: 6 },
  { path: 'spec', version: 'v1', weight: 7 },
  { path: 'status.canaryStatuses', weight: 8 },
  { path: 'status.modelStatus', weight: 9 },
  { path: 'status.components', weight: 10 },
  { path: 'explainer.art', weight: 11 },
  { path: 'explainer.autoScaling.metrics', weight: 12 },
  { path: 'explainer.logger', weight: 13 },
  { path: 'transformer.autoScaling.metrics', weight: 14 },
  { path: 'transformer.logger', weight: 15 },
  { path: 'predictor.autoScaling.metrics', weight: 16 },
  { path: 'affinity', weight: 20 },
  { path: 'volumes', weight: 30 },
  { path: 'initContainers', weight: 40 },
]
