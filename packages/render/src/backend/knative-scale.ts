import { parseScale } from '@millrace/api'
import type { Knative } from '../capabilities.ts'
import type { Decision, DecisionSource } from '../decision.ts'
import { knativeKeys } from '../keys.ts'
import type { Deploying } from '../plan.ts'
import type { StringMap } from '../pod/shape.ts'

export interface ScaleInput {
  /** Field of the component, for messages: `spec.predictor`. */
  readonly path: string
  /** What users wrote of `min-scale`, `max-scale` and `initial-scale`: the component's over the service's. */
  readonly annotations: StringMap
  readonly deploying: Deploying
  readonly knative: Knative
}

/** One bound: what was decided, who did, and what the user had asked for. */
export interface Bound {
  readonly value: number
  readonly source: DecisionSource
  /** Undefined: nobody asked, the cluster's settings or our default decide. */
  readonly asked: number | undefined
}

export interface Scale {
  readonly min: Bound
  /** 0: no limit. */
  readonly max: Bound
  readonly initial: Bound
  /** Annotations of the revision. What is left to Knative's own settings is not among them. */
  readonly written: StringMap
  readonly decisions: readonly Decision[]
}

/** Minimum of a component that nothing else decides: the API's own. */
const minReplicasDefault = 1

/**
 * How many pods Knative runs of a revision: user's annotation, then user's spec, then the cluster's settings. The greatest
 * scale is written only where a user decided it, the initial one only where it is not what Knative would do anyway.
 */
export function knativeScale(input: ScaleInput): Scale {
  const { autoscaler } = input.knative
  const max = decideMax(input)
  const { min, isLowered } = decideMin(input, max)
  const { initial, isRaised } = decideInitial(input, min, max)
  const isInitialWritten = initial.source !== 'cluster' || initial.value !== autoscaler.initialScale
  return {
    min,
    max,
    initial,
    written: {
      [knativeKeys.minScale]: String(min.value),
      ...(max.source === 'cluster' ? {} : { [knativeKeys.maxScale]: String(max.value) }),
      ...(isInitialWritten ? { [knativeKeys.initialScale]: String(initial.value) } : {}),
    },
    decisions: [initialDecision(input, initial, isRaised), minDecision(input, min, isLowered), maxDecision(input, max)],
  }
}

/** What the user asks for, annotation before spec. What is no number is refused at admission, and here not read. */
function asked({ annotations }: ScaleInput, key: string, field: number | undefined): Omit<Bound, 'asked'> | undefined {
  const annotated = parseScale(annotations[key])
  if (annotated !== undefined) return { value: annotated, source: 'annotation' }
  return field !== undefined && field >= 0 ? { value: field, source: 'spec' } : undefined
}

function decideMax(input: ScaleInput): Bound {
  const wish = asked(input, knativeKeys.maxScale, input.deploying.maxReplicas)
  if (wish) return { ...wish, asked: wish.value }
  return { value: input.knative.autoscaler.maxScale, source: 'cluster', asked: undefined }
}

function decideMin(input: ScaleInput, max: Bound): { readonly min: Bound; readonly isLowered: boolean } {
  const wish = asked(input, knativeKeys.minScale, input.deploying.minReplicas)
  const { minScale } = input.knative.autoscaler
  const decided = wish ?? clusterMin(minScale)
  // A user's own bounds that cross are refused at admission; Knative would refuse the whole revision.
  const most = max.value === 0 || (wish && max.source === 'cluster') ? Number.POSITIVE_INFINITY : max.value
  const value = Math.min(decided.value, most)
  return { min: { ...decided, value, asked: wish?.value }, isLowered: value < decided.value }
}

function clusterMin(minScale: number): { readonly value: number; readonly source: DecisionSource } {
  return minScale > 0 ? { value: minScale, source: 'cluster' } : { value: minReplicasDefault, source: 'default' }
}

/** Never above the maximum. 0 only where the cluster allows it. */
function decideInitial(
  input: ScaleInput,
  min: Bound,
  max: Bound,
): { readonly initial: Bound; readonly isRaised: boolean } {
  const { autoscaler } = input.knative
  const annotated = asked(input, knativeKeys.initialScale, undefined)
  const byMin = min.asked === undefined ? undefined : { value: min.asked, source: min.source }
  const wish = annotated ?? byMin
  const wanted = wish?.value ?? autoscaler.initialScale
  // A minimum that the user set above the cluster's own maximum is kept by Knative, so it is no less at the start.
  const most = max.value === 0 ? Number.POSITIVE_INFINITY : Math.max(max.value, min.value)
  const bounded = Math.min(wanted, most)
  const isRaised = bounded === 0 && !autoscaler.allowZeroInitialScale
  const value = isRaised ? 1 : bounded
  return { initial: { value, source: wish?.source ?? 'cluster', asked: wish?.value }, isRaised }
}

const sources: Readonly<Record<DecisionSource, string>> = {
  annotation: 'as the annotation says',
  spec: 'as the spec says',
  runtime: 'as the runtime says',
  cluster: "the cluster's default",
  default: 'the default',
}

function initialDecision(input: ScaleInput, initial: Bound, isRaised: boolean): Decision {
  const { asked: wanted = input.knative.autoscaler.initialScale, value, source } = initial
  const base = { source, path: pathOf(input, source, knativeKeys.initialScale, 'minReplicas'), value }
  if (isRaised) {
    const isWish = source !== 'cluster'
    return {
      ...base,
      reason: 'InitialScaleRaised',
      message:
        'The initial scale is 1, because the cluster does not allow 0: set allow-zero-initial-scale in Knative, or accept one replica.',
      level: isWish ? 'warning' : 'info',
    }
  }
  const lowered = value < wanted ? `, lowered from ${wanted} to the maximum` : ''
  return {
    ...base,
    reason: 'InitialScale',
    message: `The initial scale is ${value}, ${sources[source]}${lowered}.`,
    level: 'info',
  }
}

function minDecision(input: ScaleInput, min: Bound, isLowered: boolean): Decision {
  const { value, source } = min
  const lowered = isLowered ? ', lowered to the maximum' : ''
  return {
    reason: isLowered ? 'MinScaleLowered' : 'MinScale',
    message: `The least scale is ${value}, ${sources[source]}${lowered}.`,
    level: isLowered && min.asked !== undefined ? 'warning' : 'info',
    source,
    path: pathOf(input, source, knativeKeys.minScale, 'minReplicas'),
    value,
  }
}

function maxDecision(input: ScaleInput, { value, source }: Bound): Decision {
  const { maxScaleLimit: limit } = input.knative.autoscaler
  const path = pathOf(input, source, knativeKeys.maxScale, 'maxReplicas')
  const amount = value === 0 ? 'unlimited' : String(value)
  const isOver = limit > 0 && source !== 'cluster' && (value === 0 || value > limit)
  if (!isOver) {
    const message = `The greatest scale is ${amount}, ${sources[source]}.`
    return { reason: 'MaxScale', message, level: 'info', source, path, value }
  }
  const message = `The greatest scale is ${amount}, over the cluster's max-scale-limit of ${limit}, so Knative takes no new revision: lower it to ${limit} or less.`
  return { reason: 'MaxScaleOverLimit', message, level: 'warning', refusable: true, source, path, value }
}

function pathOf(input: ScaleInput, source: DecisionSource, key: string, field: string): string {
  return source === 'annotation' ? `annotations[${key}]` : `${input.path}.${field}`
}
