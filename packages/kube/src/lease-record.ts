import type { KubeObject } from './wire.ts'

/** coordination.k8s.io/v1 LeaseSpec, as much of it as leaders use. */
export interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

export type Lease = KubeObject & { spec?: LeaseSpec }

/** The spec with which `identity` holds the lease from `nowMs` on. */
export function heldSpec(
  previous: LeaseSpec | undefined,
  identity: string,
  nowMs: number,
  durationMs: number,
): LeaseSpec {
  const now = microTime(nowMs)
  const isOurs = previous?.holderIdentity === identity
  const transitions = previous?.leaseTransitions ?? 0
  return {
    ...previous,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    renewTime: now,
    acquireTime: isOurs ? (previous.acquireTime ?? now) : now,
    leaseTransitions: isOurs || !previous ? transitions : transitions + 1,
  }
}

/** The spec of a lease that was given back: free at once. */
export function releasedSpec(previous: LeaseSpec, nowMs: number): LeaseSpec {
  return { ...previous, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(nowMs) }
}

/**
 * Somebody else holds it. Its times are the other's clock, so they are never compared with ours: a lease is over when it
 * has not changed for its duration while we looked.
 */
export function isHeldByOther(spec: LeaseSpec | undefined, identity: string, unchangedForMs: number): boolean {
  const holder = spec?.holderIdentity
  if (holder === undefined || holder === '' || holder === identity) return false
  return unchangedForMs < (spec?.leaseDurationSeconds ?? 0) * 1000
}

/** metav1.MicroTime: six digits, always. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
