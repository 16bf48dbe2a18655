import type { ClusterStorageContainer } from '../kinds/cluster-storage-container.ts'
import { gatherFindings } from './check-context.ts'
import type { Finding } from './finding.ts'

/** What the schema cannot say about a ClusterStorageContainer: its expressions must be ones. */
export function checkClusterStorageContainer(container: ClusterStorageContainer): Finding[] {
  return gatherFindings((report) => {
    for (const [index, { regex }] of container.spec.supportedUriFormats.entries()) {
      if (!regex || isExpression(regex)) continue
      const message = `${JSON.stringify(regex)} is not a regular expression, so nothing will match it`
      report.warn(['spec', 'supportedUriFormats', index, 'regex'], 'regex', message, { value: regex })
    }
  })
}

function isExpression(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp
  } catch {
    return false
  }
}
