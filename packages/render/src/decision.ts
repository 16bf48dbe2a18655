/** Who decided, strongest first: a user's annotation, the spec, the runtime, the cluster's configuration, our own default. */
export type DecisionSource = 'annotation' | 'spec' | 'runtime' | 'cluster' | 'default'

/**
 * One thing that was decided and why. Decisions feed status conditions, admission warnings, events, `explain` and the
 * console; `reason` is stable and CamelCase, `message` is one sentence for a person.
 */
export interface Decision {
  readonly reason: string
  readonly message: string
  /** `warning` is worth an event and an admission warning; `info` is for whoever asks. */
  readonly level: 'info' | 'warning'
  readonly source: DecisionSource
  /** Which of the service's workloads it is about: `predictor`, …, `router`. */
  readonly component?: string
  /** Field of the service that the decision is about, e.g. `spec.predictor.maxReplicas`. */
  readonly path?: string
  /** The decided value, where there is one. */
  readonly value?: string | number | boolean
  /** Cannot work as the cluster is set now: admission refuses a change that brings it. What has it already is told. */
  readonly refusable?: boolean
}

/** A user's mistake, or something the user asked for that is not there. Never thrown. */
export interface Problem {
  /** Stable, CamelCase: `RuntimeNotFound`, `InvalidTemplate`, … */
  readonly reason: string
  /** One sentence with the next step. */
  readonly message: string
  readonly path?: string
  /** Condition it belongs to; absent: `Ready` alone. */
  readonly condition?: string
  /** Wrong by itself, whatever else is in the cluster: admission refuses it. */
  readonly refusable?: boolean
}
