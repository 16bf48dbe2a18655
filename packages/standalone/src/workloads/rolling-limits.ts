import type { Deployment, IntOrPercent } from './apps.ts'

/** Absolute numbers of `maxSurge` (rounded up) and `maxUnavailable` (rounded down); never both zero. */
export function rollingLimits(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const desired = deployment.spec.replicas ?? 1
  if (deployment.spec.strategy?.type === 'Recreate') return { surge: 0, unavailable: 0 }
  const rolling = deployment.spec.strategy?.rollingUpdate
  const surge = resolve(rolling?.maxSurge ?? '25%', desired, Math.ceil)
  const unavailable = Math.min(desired, resolve(rolling?.maxUnavailable ?? '25%', desired, Math.floor))
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

function resolve(value: IntOrPercent, of: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value
  return round((Number.parseInt(value, 10) * of) / 100)
}
