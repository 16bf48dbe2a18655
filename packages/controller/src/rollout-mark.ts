import type { KubeObject } from '@millrace/kube'

/**
 * What a service's status says of a roll that was not its own wish. Written before the first pod is replaced, so that a
 * restart, or another leader, finds out of the cluster itself which services are being rolled, and since when.
 */
export interface RolloutMark {
  readonly state: 'rolling' | 'failed'
  readonly sinceMs: number
  readonly message: string
}

export const rolloutCondition = 'ChangeRolledOut'
const reasons = { rolling: 'RollingOut', failed: 'RolloutFailed' } as const

export function rolling(nowMs: number): RolloutMark {
  const message =
    'The pods are being replaced because of a change that is not the service’s own: of the configuration, of a runtime, or of the controller’s version.'
  return { state: 'rolling', sinceMs: nowMs, message }
}

export function failed(mark: RolloutMark, why: string): RolloutMark {
  const message = `${why} after a change that is not the service’s own. Other services keep their pods until this one is ready: correct the configuration or the runtime, or mend the service.`
  return { state: 'failed', sinceMs: mark.sinceMs, message }
}

export function markOf(service: KubeObject): RolloutMark | undefined {
  const found = conditionsIn(service['status']).find(({ type }) => type === rolloutCondition)
  if (!found) return undefined
  const sinceMs = Date.parse(String(found['lastTransitionTime']))
  return {
    state: found['reason'] === reasons.failed ? 'failed' : 'rolling',
    sinceMs: Number.isFinite(sinceMs) ? sinceMs : 0,
    message: String(found['message'] ?? ''),
  }
}

/** The status with the mark as a condition, in its place by type; without a mark, without that condition. */
export function withMark<S extends Readonly<Record<string, unknown>>>(status: S, mark: RolloutMark | undefined): S {
  const others = conditionsIn(status).filter(({ type }) => type !== rolloutCondition)
  if (!mark) return others.length === conditionsIn(status).length ? status : { ...status, conditions: others }
  const { state, sinceMs, message } = mark
  const condition = {
    type: rolloutCondition,
    status: state === 'failed' ? 'False' : 'Unknown',
    reason: reasons[state],
    message,
    severity: 'Info',
    lastTransitionTime: `${new Date(sinceMs).toISOString().slice(0, 19)}Z`,
  }
  const conditions = [...others, condition].sort((a, b) => (String(a['type']) < String(b['type']) ? -1 : 1))
  return { ...status, conditions }
}

export function isReady(status: unknown): boolean {
  return conditionsIn(status).some(({ type, status: holds }) => type === 'Ready' && holds === 'True')
}

function conditionsIn(status: unknown): readonly Readonly<Record<string, unknown>>[] {
  const conditions: unknown = Object(status).conditions
  return Array.isArray(conditions) ? (conditions as readonly Readonly<Record<string, unknown>>[]) : []
}
