import {
  type CheckContext,
  checkObject,
  type ClusterConfig,
  errorAt,
  type Finding,
  findKind,
  formatFinding,
  formatRefusal,
  group,
  nearName,
} from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
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
  const own = manifests.filter(({ object }) => groupOf(object) === group || isMistyped(object))
  for (const manifest of own) {
    const findings = isMistyped(manifest.object)
      ? [mistypedGroup(manifest.object)]
      : checkObject(manifest.object, contextOf(manifest, own, config))
    for (const finding of findings) {
      const { kind, metadata } = manifest.object
      const problem = {
        position: manifest.positionOf(finding.segments),
        message: `${kind} ${metadata.name ?? '(no name)'}: ${formatRefusal(finding)}`,
        finding,
      }
      if (finding.severity === 'error') errors.push(problem)
      else warnings.push(problem)
    }
  }
  return { errors, warnings, checked: own.length }
}

function groupOf({ apiVersion }: KubeObject): string {
  return apiVersion.split('/', 1)[0] ?? ''
}

/** A kind of ours in a group that is spelled nearly as ours: taken for another's, nobody would check it. */
function isMistyped(object: KubeObject): boolean {
  const theirs = groupOf(object)
  return theirs !== group && findKind(object.kind) !== undefined && nearName(theirs, [group]) !== undefined
}

function mistypedGroup(object: KubeObject): Finding {
  const { kind, apiVersion } = object
  const message = `${JSON.stringify(apiVersion)} is not the group of ${kind}: did you mean ${group}?`
  return errorAt(['apiVersion'], 'api-version', message, { value: apiVersion, suggestion: group })
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
