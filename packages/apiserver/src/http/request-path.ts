/** What a URL path asks for, by the scheme of Kubernetes' API (`/apis/<group>/<version>/namespaces/<ns>/<plural>/<name>/<sub>`). */
export interface ResourcePath {
  readonly group: string
  readonly version: string
  /** '' when the path names none. */
  readonly namespace: string
  readonly plural: string
  /** '' for a collection. */
  readonly name: string
  readonly subresource: string
  /** What follows the subresource (`/proxy/metrics`). */
  readonly rest: readonly string[]
  /** The deprecated `/watch/` prefix. */
  readonly isWatchPath: boolean
}

/** Undefined for paths that do not reach as far as a resource. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const decoded = decodeSegments(path)
  if (!decoded) return undefined
  const [root, ...tail] = decoded
  if (root === 'api') return parseWithin('', tail[0] ?? '', tail.slice(1))
  if (root === 'apis') return parseWithin(tail[0] ?? '', tail[1] ?? '', tail.slice(2))
  return undefined
}

function decodeSegments(path: string): readonly string[] | undefined {
  try {
    const segments = path.split('/').slice(1).map(decodeURIComponent)
    if (segments.at(-1) === '') segments.pop()
    return segments
  } catch {
    return undefined
  }
}

const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize'])

function parseWithin(group: string, version: string, segments: readonly string[]): ResourcePath | undefined {
  const isWatchPath = segments[0] === 'watch'
  const parts = isWatchPath ? segments.slice(1) : segments
  const [first, second = '', third, fourth = '', fifth = '', ...rest] = parts
  if (!version || !first) return undefined
  const base = { group, version, isWatchPath }
  const isNamespaced = first === 'namespaces' && third !== undefined && !namespaceSubresources.has(third)
  if (isNamespaced) return { ...base, namespace: second, plural: third, name: fourth, subresource: fifth, rest }
  const after = parts.slice(3)
  return { ...base, namespace: '', plural: first, name: second, subresource: third ?? '', rest: after }
}
