/** A path as the pod's author wrote it, and the real place on this machine. */
export interface MappedPath {
  readonly mountPath: string
  readonly realPath: string
}

/**
 * Makes the function that replaces mount paths in a text by real paths. A process has no mount namespace of its own, so
 * `--model_dir=/mnt/models` has to become `--model_dir=<pod directory>/…`.
 *
 * Only whole paths count: what follows must end the path component, and what precedes must not be part of a longer path
 * or URL (`/data/mnt/models`, `http://host/mnt/models` stay), except after `file://`. The longest mount path wins and a
 * replaced text is never looked at again.
 */
export function mountPathMapper(mapped: readonly MappedPath[]): (text: string) => string {
  const realPaths = new Map<string, string>()
  for (const { mountPath, realPath } of mapped) realPaths.set(withoutTrailingSlash(mountPath), realPath)
  realPaths.delete('')
  if (realPaths.size === 0) return (text) => text
  const longestFirst = [...realPaths.keys()].sort((a, b) => b.length - a.length)
  const pattern = new RegExp(
    `(?<=^|[^A-Za-z0-9._~%/@+-]|\\bfile://)(?:${longestFirst.map(escapePattern).join('|')})(?![A-Za-z0-9._~%@+-])`,
    'g',
  )
  return (text) => text.replace(pattern, (path) => realPaths.get(path) ?? path)
}

function withoutTrailingSlash(path: string): string {
  return path.replace(/\/+$/, '')
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
