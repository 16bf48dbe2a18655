import { type CheckContext, checkObject, type ClusterConfig, type Finding, formatFinding, group } from '@millrace/api'
import type { Manifest, ManifestProblem } from './manifest-files.ts'
import { configIn, configShipped } from './offline-world.ts'

export interface CheckedManifests {
  readonly errors: readonly (ManifestProblem & { readonly finding: Finding })[]
  readonly warnings: readonly (ManifestProblem & { readonly finding: Finding })[]
  /** How many objects are of our kinds; the others are the API server's to check. */
  readonly checked: number
}

/**
 * Checks every object of our kinds in full, each finding at its place in the file. Some rules depend on the configuration:
 * the one in the files counts, else that of the cluster that they are for, else the shipped one.
 */
export function checkManifests(manifests: readonly Manifest[], ofCluster?: ClusterConfig): CheckedManifests {
  const errors: CheckedManifests['errors'][number][] = []
  const warnings: CheckedManifests['warnings'][number][] = []
  const config = configIn(manifests.map(({ object }) => object))?.config ?? ofCluster ?? configShipped()
  const own = manifests.filter(({ object }) => object.apiVersion.split('/', 1)[0] === group)
  for (const manifest of own) {
    for (const finding of checkObject(manifest.object, contextOf(manifest, own, config))) {
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
function contextOf(manifest: Manifest, own: readonly Manifest[], config: ClusterConfig): CheckContext {
  const { kind, metadata } = manifest.object
  // The rules look at names, formats and sources, field by field, of objects that the schema check has seen or will report.
  const siblings = own
    .map((other) => other.object)
    .filter((other) => other.kind === kind && other.metadata.namespace === metadata.namespace) as unknown
  return {
    defaultDeploymentMode: config.deploy.defaultDeploymentMode,
    gpuResourceTypes: config.multiNode.customGPUResourceTypeList,
    ...(kind.endsWith('ServingRuntime') && { runtimes: siblings as NonNullable<CheckContext['runtimes']> }),
    ...(kind.startsWith('LocalModel') && { caches: siblings as NonNullable<CheckContext['caches']> }),
  }
}
