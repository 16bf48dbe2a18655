/**
 * Something said about one place of an object. An error is refused, a warning is shown; neither carries a value that
 * could be a secret beyond what the user wrote at that place.
 */
export interface Finding {
  readonly severity: 'error' | 'warning'
  /** As Kubernetes writes it: `spec.predictor.containers[0].env`. */
  readonly path: string
  /** The same, for programs that look the place up in a file. */
  readonly segments: readonly (string | number)[]
  /** Name of the rule, stable: tools may compare it. */
  readonly rule: string
  /** What stands there, where that helps. */
  readonly value?: unknown
  /** What is wrong and what to do, without the path. */
  readonly message: string
  /** The name that was probably meant. */
  readonly suggestion?: string
}

/** A place in an object, as a chain to its root, so that looking costs nothing where nothing is wrong. */
export interface Place {
  readonly parent?: Place
  readonly key: string | number
}

export function segmentsOf(place: Place | undefined): (string | number)[] {
  const segments: (string | number)[] = []
  for (let at = place; at; at = at.parent) segments.push(at.key)
  return segments.toReversed()
}

/** Keys that could be mistaken for several stand in brackets, as in `metadata.annotations[serving.kserve.io/stop]`. */
export function formatPath(segments: readonly (string | number)[]): string {
  let path = ''
  for (const segment of segments) {
    const plain = typeof segment === 'string' && /^[\w$-]+$/.test(segment)
    if (!plain) path += `[${segment}]`
    else path += path === '' ? segment : `.${segment}`
  }
  return path
}

export interface FindingOptions {
  readonly value?: unknown
  readonly suggestion?: string
}

export function errorAt(
  segments: readonly (string | number)[],
  rule: string,
  message: string,
  options: FindingOptions = {},
): Finding {
  return { severity: 'error', path: formatPath(segments), segments, rule, message, ...options }
}

export function warningAt(
  segments: readonly (string | number)[],
  rule: string,
  message: string,
  options: FindingOptions = {},
): Finding {
  return { ...errorAt(segments, rule, message, options), severity: 'warning' }
}

/** One line for people: `spec.predictor.minReplicas: must not be below 0`. */
export function formatFinding(finding: Finding): string {
  return finding.path === '' ? finding.message : `${finding.path}: ${finding.message}`
}

/** The same with the rule's name, by which docs/api-differences.md and other tools know it. */
export function formatRefusal(finding: Finding): string {
  return `${formatFinding(finding)} [${finding.rule}]`
}
