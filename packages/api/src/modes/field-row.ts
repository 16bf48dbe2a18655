import type { DeploymentMode } from '../kinds/inference-service.ts'

/** Where a field stands: in every component, in one of them, in the spec, in metadata, or in a graph's spec. */
export type FieldPlace =
  | 'component'
  | 'predictor'
  | 'transformer'
  | 'explainer'
  | 'spec'
  | 'annotation'
  | 'label'
  | 'graph'

/** Who may have said it. In a row the strongest comes first. */
export type Decider = 'annotation' | 'component' | 'service' | 'runtime' | 'cluster' | 'default'

/**
 * What scales a component. In Standard mode it is the annotation `serving.kserve.io/autoscalerClass`, where `unsaid` is an HPA
 * that nobody asked for by name; in Knative mode `kpa` is Knative's own, and `knative-hpa` the HPA that Knative makes.
 */
export type Scaler = 'unsaid' | 'hpa' | 'keda' | 'external' | 'none' | 'kpa' | 'knative-hpa'

/** Where it can be seen in what is rendered. A test renders the row's example and looks there. */
export interface Shown {
  /** Kind of the object; `KnativeService` for the Service of serving.knative.dev. */
  readonly kind: string
  /** Dotted; keys with dots in them in brackets. */
  readonly path: string
  /** What stands there with the row's example, or (`includes`) is an item of the list that stands there. */
  readonly value?: unknown
  readonly includes?: unknown
  /** There is no such object. */
  readonly absent?: true
}

/** What a mode does with a field. */
export type Outcome = {
  /** It is so with these; absent: with all that no other outcome names. */
  readonly scaledBy?: readonly Scaler[]
} & (
  | { readonly effect: 'honoured' | 'translated'; readonly shows: Shown; readonly note?: string }
  | {
      readonly effect: 'ignored'
      /** Continues `has no effect in … mode: `. */
      readonly because: string
      /** What to do. */
      readonly instead?: string
      /** Only the page says it: the field as such has an effect. */
      readonly isQuiet?: true
    }
  | {
      readonly effect: 'refused'
      /** Continues the place. */
      readonly because: string
      /** Rule of admission; absent: it is warned of, and the status says why nothing is made. */
      readonly rule?: string
      /** Only the page says it: another rule does. */
      readonly isQuiet?: true
    }
)

/** One field, or one kind of value of it, in both modes. */
export interface FieldRow {
  readonly place: FieldPlace
  /** As v1beta1 names it, dotted, `[]` for every item of a list; of an annotation or label its key. */
  readonly field: string
  /** Which values the row is about, in words; absent: all. */
  readonly values?: string
  readonly matches?: (value: unknown) => boolean
  /** Fields of the component (or of the spec, the annotations, the labels) that make up an example. */
  readonly example: Readonly<Record<string, unknown>>
  /** What else the example needs, without being what the row is about. */
  readonly given?: Readonly<Record<string, unknown>>
  readonly decidedBy: Readonly<Record<DeploymentMode, readonly Decider[]>>
  readonly outcomes: Readonly<Record<DeploymentMode, readonly Outcome[]>>
}
