import type { Condition } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { conditionsOf, type State } from './deployment-state.ts'

export interface Part extends State {
  readonly type: string
  /** Ready needs it. Others are for information. */
  readonly isNeeded: boolean
  /** Type of the part that this one waits for: what is wrong is said there. */
  readonly waitsFor?: string
}

/**
 * Conditions of a status, sorted by type, with Ready derived: True when every needed part is, else it says what is wrong: the
 * given cause, else the first part that is False, else the first that is Unknown. A part that only waits for another is
 * followed to the one that is really the matter. The time of a condition changes when its status does.
 */
export function settleConditions(
  parts: readonly Part[],
  service: KubeObject,
  now: string,
  cause?: Pick<Part, 'reason' | 'message'>,
): Condition[] {
  const previous = new Map(conditionsOf(service).map((condition) => [condition.type, condition as Condition]))
  return [...parts, readyPart(parts, cause)]
    .sort((a, b) => (a.type < b.type ? -1 : 1))
    .map((part) => settle(part, previous.get(part.type), now))
}

function readyPart(parts: readonly Part[], cause: Pick<Part, 'reason' | 'message'> | undefined): Part {
  if (cause) return { ...cause, type: 'Ready', status: 'False', isNeeded: true }
  const needed = parts.filter((part) => part.isNeeded)
  const worst = needed.find((part) => part.status === 'False') ?? needed.find((part) => part.status === 'Unknown')
  if (!worst) return { type: 'Ready', status: 'True', isNeeded: true }
  const { reason, message } = rootOf(worst, parts)
  return {
    type: 'Ready',
    status: worst.status,
    isNeeded: true,
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
  }
}

function rootOf(part: Part, parts: readonly Part[]): Part {
  const next = parts.find(({ type, status }) => type === part.waitsFor && status !== 'True')
  const others = parts.filter((other) => other !== part)
  return next && others.includes(next) ? rootOf(next, others) : part
}

function settle(part: Part, previous: Condition | undefined, now: string): Condition {
  const { type, status, reason, message } = part
  const isSame = previous?.status === status
  return {
    type,
    status,
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    ...(part.isNeeded ? {} : { severity: 'Info' as const }),
    lastTransitionTime: isSame && previous.lastTransitionTime ? previous.lastTransitionTime : now,
  }
}
