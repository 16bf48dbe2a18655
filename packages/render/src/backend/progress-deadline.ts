import type { Decision } from '../decision.ts'
import { knativeKeys } from '../keys.ts'
import type { Workload } from '../plan.ts'
import type { StringMap } from '../pod/shape.ts'

/** Longest that a rollout may stand still where nobody says: Kubernetes' and Knative's own default. */
export const progressDeadlineSecondsDefault = 600

const unitSeconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3 }

/**
 * How long a rollout may stand still: Knative's annotation, which in Standard mode becomes the Deployment's
 * progressDeadlineSeconds. A Go duration of whole seconds, as Knative demands; undefined: none, or none that can be read.
 */
export function progressDeadlineSeconds(annotations: StringMap): number | undefined {
  const seconds = durationSeconds(annotations[knativeKeys.progressDeadline] ?? '')
  return seconds !== undefined && seconds >= 1 && Number.isInteger(seconds) ? seconds : undefined
}

/** What cannot be read of the deadlines of workloads. Knative refuses such a revision; in Standard mode the default holds. */
export function deadlineDecisions(workloads: readonly Workload[]): Decision[] {
  return workloads.flatMap(({ component, annotations }) => {
    const text = annotations[knativeKeys.progressDeadline]
    if (text === undefined || progressDeadlineSeconds(annotations) !== undefined) return []
    const message = `"${text}" is no duration of whole seconds: write it as 90s, 30m or 1h.`
    const path = `annotations[${knativeKeys.progressDeadline}]`
    const reason = 'InvalidProgressDeadline'
    return [{ reason, message, level: 'warning', refusable: true, source: 'annotation', component, path, value: text }]
  })
}

/** Go's time.ParseDuration, without signs and units below a millisecond. */
function durationSeconds(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined
  let sum = 0
  for (const [, amount = '0', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g))
    sum += Number(amount) * (unitSeconds[unit] ?? 0)
  return Math.round(sum * 1000) / 1000
}
