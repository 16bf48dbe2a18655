import type { Condition } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { conditionsOf, type State } from './deployment-state.ts'

export interface Part extends State {
  readonly type: string
  /** Ready needs it. Others are for information. */
  readonly isNeeded: boolean
}

/**
 * Conditions of a status, sorted by type, with Ready derived: True when every needed part is, else what the first part says
 * that is False, else the first that is Unknown. The time of a condition changes when its status does.
 */
export function settleConditions(parts: readonly Part[], service: KubeObject, now: string): Condition[] {
  const needed = parts.filter((part) => part.isNeeded)
  const worst = needed.find((part) => part.status === 'False') ?? needed.find((part) => part.status === 'Unknown')
  const ready: Part = worst
    ? { ...worst, type: 'Ready', isNeeded: true }
    : { type: 'Ready', status: 'True', isNeeded: true }
  const previous = new Map(conditionsOf(service).map((condition) => [condition.type, condition as Condition]))
  return [...parts, ready]
    .sort((a, b) => (a.type < b.type ? -1 : 1))
    .map((part) => settle(part, previous.get(part.type), now))
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
