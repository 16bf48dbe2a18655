import type { LocalModelCache, LocalModelNamespaceCache } from '../kinds/local-model.ts'
import { type CheckContext, gatherFindings } from './check-context.ts'
import type { Finding } from './finding.ts'

/** What the schema cannot say about a cache: its source is its own. */
export function checkLocalModelCache(
  cache: LocalModelCache | LocalModelNamespaceCache,
  context: CheckContext = {},
): Finding[] {
  const { sourceModelUri } = cache.spec
  const path = ['spec', 'sourceModelUri']
  return gatherFindings((report) => {
    const twin = (context.caches ?? []).find(
      (other) => other.metadata.name !== cache.metadata.name && other.spec.sourceModelUri === sourceModelUri,
    )
    if (!twin) return
    const message = `is cached by ${twin.metadata.name} already: use that one`
    report.error(path, 'duplicate', message, { value: sourceModelUri })
  })
}
