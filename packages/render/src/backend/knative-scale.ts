import type { Knative } from '../capabilities.ts'
import type { Decision, DecisionSource, Problem } from '../decision.ts'
import { knativeKeys, userKeys } from '../keys.ts'
import type { Deploying } from '../plan.ts'
import type { StringMap } from '../pod/shape.ts'

export interface ScaleInput {
  /** Field of the component, for messages: `spec.predictor`. */
  readonly path: string
  /** Of the service and the component together. */
  readonly annotations: StringMap
  readonly deploying: Deploying
  readonly knative: Knative
}

export interface Scale {
  /** Annotations of the revision, all of autoscaling.knative.dev. */
  readonly annotations: StringMap
  /** Keys whose values came from the cluster's settings: a change of those alone makes no revision. */
  readonly fromCluster: readonly string[]
  readonly decisions: readonly Decision[]
}

const podAutoscaler = 'kpa.autoscaling.knative.dev'

/**
 * How Knative scales a revision. User's annotation, then user's spec, then the cluster's default; what is the cluster's is
 * not written, so that a change of it makes no revision.
 */
export function knativeScale(input: ScaleInput): Scale {
  const { annotations, deploying } = input
  const initial = initialScale(input)
  const max = deploying.maxReplicas
  return {
    annotations: {
      [knativeKeys.autoscalerClass]: annotations[knativeKeys.autoscalerClass] ?? podAutoscaler,
      ...(deploying.scaleTarget === undefined ? {} : { [knativeKeys.target]: String(deploying.scaleTarget) }),
      ...(deploying.scaleMetric === undefined ? {} : { [knativeKeys.metric]: deploying.scaleMetric }),
      [knativeKeys.minScale]: String(deploying.minReplicas ?? 1),
      ...(max === undefined ? {} : { [knativeKeys.maxScale]: String(max) }),
      ...(initial.value === undefined ? {} : { [knativeKeys.initialScale]: String(initial.value) }),
    },
    fromCluster: initial.isFromCluster && initial.value !== undefined ? [knativeKeys.initialScale] : [],
    decisions: [initial.decision, maxDecision(input)],
  }
}

interface Initial {
  /** Absent: nothing is written, Knative uses its own setting. */
  readonly value: number | undefined
  readonly isFromCluster: boolean
  readonly decision: Decision
}

function initialScale(input: ScaleInput): Initial {
  const { annotations, deploying, knative, path } = input
  const { autoscaler } = knative
  const annotated = parseScale(annotations[knativeKeys.initialScale])
  const asked = annotated ?? deploying.minReplicas
  const source: DecisionSource = annotated !== undefined ? 'annotation' : asked !== undefined ? 'spec' : 'cluster'
  const max = deploying.maxReplicas ?? 0
  const wanted = asked ?? autoscaler.initialScale
  const bounded = max > 0 && wanted > max ? max : wanted
  const value = bounded === 0 && !autoscaler.allowZeroInitialScale ? 1 : bounded
  const isRaised = value !== bounded
  const isFromCluster = source === 'cluster' || isRaised
  const isWritten = source !== 'cluster' || value !== autoscaler.initialScale
  return {
    value: isWritten ? value : undefined,
    isFromCluster,
    decision: {
      reason: isRaised ? 'InitialScaleRaised' : 'InitialScale',
      message: isRaised
        ? 'The initial scale is 1, because the cluster does not allow 0: set allow-zero-initial-scale in Knative, or accept one replica.'
        : `The initial scale is ${value}, ${reasonOf(source, autoscaler.source, wanted > bounded)}.`,
      level: isRaised && source !== 'cluster' ? 'warning' : 'info',
      source,
      path: source === 'annotation' ? 'metadata.annotations' : `${path}.minReplicas`,
      value,
    },
  }
}

function reasonOf(source: DecisionSource, settings: Knative['autoscaler']['source'], isLowered: boolean): string {
  const lowered = isLowered ? ', lowered to the maximum' : ''
  if (source === 'annotation') return `as the annotation says${lowered}`
  if (source === 'spec') return `as minReplicas says${lowered}`
  return `the cluster's default (${settings})${lowered}`
}

function maxDecision({ deploying, knative, path }: ScaleInput): Decision {
  const max = deploying.maxReplicas
  const { autoscaler } = knative
  const value = max ?? autoscaler.maxScale
  const limit = autoscaler.maxScaleLimit
  const isOver = limit > 0 && (value === 0 || value > limit)
  const amount = value === 0 ? 'unlimited' : String(value)
  return {
    reason: isOver ? 'MaxScaleOverLimit' : 'MaxScale',
    message: isOver
      ? `The greatest scale is ${amount}, over the cluster's limit of ${limit}: lower maxReplicas to ${limit} or less.`
      : `The greatest scale is ${amount}, ${max === undefined ? `the cluster's default (${autoscaler.source})` : 'as maxReplicas says'}.`,
    level: isOver ? 'warning' : 'info',
    source: max === undefined ? 'cluster' : 'spec',
    path: `${path}.maxReplicas`,
    value,
  }
}

/** A whole number of replicas, 0 or more. */
export function parseScale(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** What is wrong with a component's scaling by itself. Admission refuses it; an older object that has it is not rendered. */
export function checkKnativeScale({ path, annotations, deploying }: Omit<ScaleInput, 'knative'>): Problem | undefined {
  const given = annotations[knativeKeys.initialScale]
  if (given !== undefined && parseScale(given) === undefined) {
    return invalid(
      `Annotation ${knativeKeys.initialScale} is "${given}", which is no number of replicas: write a whole number, 0 or more.`,
      'metadata.annotations',
    )
  }
  const initial = parseScale(given)
  const max = deploying.maxReplicas ?? 0
  if (initial !== undefined && max > 0 && initial > max) {
    return invalid(
      `Annotation ${knativeKeys.initialScale} is ${initial}, above maxReplicas ${max}: lower one or raise the other.`,
      'metadata.annotations',
    )
  }
  const percent = deploying.canaryTrafficPercent
  if (percent !== undefined && (percent < 0 || percent > 100)) {
    return invalid(
      `canaryTrafficPercent is ${percent}: write a percentage from 0 to 100.`,
      `${path}.canaryTrafficPercent`,
    )
  }
  return undefined
}

function invalid(message: string, path: string): Problem {
  return { reason: 'InvalidScaling', message, path, refusable: true }
}

/** Whether revisions can be called by tags of their own. */
export function hasTags(annotations: StringMap): boolean {
  return annotations[userKeys.enableTagRouting] === 'true'
}
