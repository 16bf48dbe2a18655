import type { Comparison, KubeObject } from '@millrace/kube'
import { makesPods } from '@millrace/render'
import { failed, isReady, markOf, type RolloutMark, rolling } from './rollout-mark.ts'
import type { Turn } from './rollout-turns.ts'
import { rolloutState, wouldRoll } from './rollout-state.ts'

/** What a run may do with a service's pods. */
export type RolloutStep =
  /** Everything is written. The mark is what the status shall say, as far as it is known before. */
  | { readonly go: true; readonly mark: RolloutMark | undefined; readonly isNew: boolean }
  /** Pods and what leads to them stay as they are until it is the service's turn. */
  | { readonly go: false }

export interface StepInput {
  readonly service: KubeObject
  readonly comparisons: readonly Comparison[]
  /** The wish is the service's own, or somebody else changed its template: neither waits. */
  readonly isOwn: boolean
  readonly nowMs: number
  readonly takeTurn: () => Turn
}

/**
 * Whose pods may be replaced. Its own change, a repair, and what is not ready anyway never wait; what is under way goes on;
 * everything else takes turns.
 */
export function nextStep({ service, comparisons, isOwn, nowMs, takeTurn }: StepInput): RolloutStep {
  const mark = markOf(service)
  if (!comparisons.some(wouldRoll)) return { go: true, mark, isNew: false }
  // What failed stays so until it is ready: this may be what mends it, and until that is seen the others wait.
  if (mark) return { go: true, mark, isNew: false }
  if (isOwn || !hasToLose(service)) return { go: true, mark: undefined, isNew: false }
  const turn = takeTurn()
  if (turn === 'waits') return { go: false }
  return turn === 'taken'
    ? { go: true, mark: rolling(nowMs), isNew: true }
    : { go: true, mark: undefined, isNew: false }
}

/** What is ready and not in the midst of a change of its own that fails. */
function hasToLose({ status }: KubeObject): boolean {
  return isReady(status) && Object(Object(status).modelStatus).transitionStatus !== 'BlockedByFailedLoad'
}

/** What is written of a service that waits: all that runs no pods, and what has gone missing. Routes follow the change at once. */
export function whileWaiting(comparisons: readonly Comparison[]): readonly Comparison[] {
  return comparisons.filter(({ object, live }) => !live || !(makesPods(object) || isService(object)))
}

/** A port may have moved along with the pods. */
function isService({ apiVersion, kind }: KubeObject): boolean {
  return apiVersion === 'v1' && kind === 'Service'
}

/** What becomes of the mark when the run has seen what is there. */
export function settledMark(
  mark: RolloutMark | undefined,
  seen: {
    readonly children: readonly KubeObject[]
    readonly status: Readonly<Record<string, unknown>>
    readonly nowMs: number
    readonly deadlineMs: number
    /** What the API server said that would not have it. */
    readonly refusal: string | undefined
  },
): RolloutMark | undefined {
  if (!mark) return undefined
  const { children, status, nowMs, deadlineMs, refusal } = seen
  if (refusal !== undefined) return failed(mark, refusal)
  if (!children.some(makesPods)) return undefined
  const rollout = rolloutState(children)
  const ready = isReady(status)
  if (rollout.state === 'done' && ready) return undefined
  if (mark.state === 'failed') return mark
  if (rollout.state === 'failed') return failed(mark, rollout.why)
  const { transitionStatus, lastFailureInfo } = Object(Object(status).modelStatus) as {
    readonly transitionStatus?: string
    readonly lastFailureInfo?: { readonly message?: string }
  }
  if (transitionStatus === 'BlockedByFailedLoad') return failed(mark, failureText(lastFailureInfo?.message))
  if (nowMs - mark.sinceMs < deadlineMs) return mark
  // It serves by its earlier pods, and nothing has failed: a slow one does not keep the others waiting.
  return ready ? undefined : failed(mark, `It was not ready within ${Math.round(deadlineMs / 1000)} s`)
}

function failureText(message: string | undefined): string {
  const last = message?.trimEnd().split('\n').at(-1)
  return last ? `The new pods failed (${last})` : 'The new pods failed'
}
