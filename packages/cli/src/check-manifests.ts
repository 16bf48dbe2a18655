import {
  type CheckContext,
  checkObject,
  type ClusterServingRuntime,
  type Finding,
  formatFinding,
  group,
  type ServingRuntime,
} from '@millrace/api'
import type { Manifest, ManifestProblem } from './manifest-files.ts'

export interface CheckedManifests {
  readonly errors: readonly (ManifestProblem & { readonly finding: Finding })[]
  readonly warnings: readonly (ManifestProblem & { readonly finding: Finding })[]
  /** How many objects are of our kinds; the others are the API server's to check. */
  readonly checked: number
}

/** Checks every object of our kinds in full, each finding at its place in the file. */
export function checkManifests(manifests: readonly Manifest[]): CheckedManifests {
  const errors: CheckedManifests['errors'][number][] = []
  const warnings: CheckedManifests['warnings'][number][] = []
  const own = manifests.filter(({ object }) => object.apiVersion.split('/', 1)[0] === group)
  for (const manifest of own) {
    for (const finding of checkObject(manifest.object, contextOf(manifest, own))) {
      const { kind, metadata } = manifest.object
      const problem = {
        position: manifest.positionOf(finding.segments),
        message: `${kind} ${metadata.name ?? '(no name)'}: ${formatFinding(finding)}`,
        finding,
      }
      if (finding.severity === 'error') errors.push(problem)
      else warnings.push(problem)
    }
  }
  return { errors, warnings, checked: own.length }
}

/** Tells what the server warns of, except what was found here and told with its place in the file. */
export function tellNewWarnings(warnings: CheckedManifests['warnings'], tell: (text: string) => void) {
  const told = new Set(warnings.map(({ finding }) => formatFinding(finding)))
  return (text: string): void => {
    if (!told.has(text)) tell(`Warning: ${text}`)
  }
}

/** What the other files say that a rule may want to know. */
function contextOf(manifest: Manifest, own: readonly Manifest[]): CheckContext {
  const { kind, metadata } = manifest.object
  if (kind !== 'ServingRuntime' && kind !== 'ClusterServingRuntime') return {}
  const runtimes = own
    .map((other) => other.object)
    .filter((other) => other.kind === kind && other.metadata.namespace === metadata.namespace)
  // The rules look at names and formats, field by field, of objects that the schema check has seen or will report.
  return { runtimes: runtimes as unknown as (ServingRuntime | ClusterServingRuntime)[] }
}
