/** One place where the two sides differ. `undefined` on a side: not there. */
export interface Difference {
  /** `object Deployment.apps/x | spec.replicas`, `pod … | …`, `status … | …`, `refusal`. */
  readonly path: string
  readonly theirs: unknown
  readonly ours: unknown
}

/** Every leaf in which two values differ. Lists are compared item by item. */
export function differences(path: string, theirs: unknown, ours: unknown): Difference[] {
  if (JSON.stringify(theirs) === JSON.stringify(ours)) return []
  if (isContainer(theirs) && isContainer(ours) && Array.isArray(theirs) === Array.isArray(ours)) {
    const keys = new Set([...Object.keys(theirs), ...Object.keys(ours)])
    return [...keys]
      .sort()
      .flatMap((key) => differences(`${path}.${key}`, Reflect.get(theirs, key), Reflect.get(ours, key)))
  }
  return [{ path, theirs, ours }]
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
