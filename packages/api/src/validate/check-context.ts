import { type ParsedDeploymentMode, parseDeploymentMode } from '../deployment-mode.ts'
import type { InferenceService } from '../kinds/inference-service.ts'
import type { ClusterServingRuntime, ServingRuntime } from '../kinds/serving-runtime.ts'
import { annotations as keys } from '../wire-keys.ts'
import { errorAt, type Finding, type FindingOptions, warningAt } from './finding.ts'

/** What a check may know beside the object. Everything is optional: `millrace validate` has only the file. */
export interface CheckContext {
  /** The object as it was before an update. */
  readonly old?: unknown
  /** The cluster's mode, for services that name none; Standard if unset. */
  readonly defaultDeploymentMode?: ParsedDeploymentMode
  /** Runtimes of the same scope, for priorities that must differ. The checked one may be among them. */
  readonly runtimes?: readonly (ServingRuntime | ClusterServingRuntime)[]
  /** Resource names that count as GPUs beside the well-known ones (`multiNode.customGPUResourceTypeList`). */
  readonly gpuResourceTypes?: readonly string[]
  /** Other caches of the same kind, for sources that must differ. */
  readonly caches?: readonly {
    readonly metadata: { readonly name?: string }
    readonly spec: { readonly sourceModelUri: string }
  }[]
}

/** An InferenceService on its way through the rules. */
export interface ServiceCheck {
  readonly service: InferenceService
  readonly annotations: Readonly<Record<string, string>>
  readonly mode: ParsedDeploymentMode
  readonly context: CheckContext
}

type Path = readonly (string | number)[]

/** Says where something is wrong, in the words of one rule. */
export interface Reporter {
  error(path: Path, rule: string, message: string, options?: FindingOptions): void
  warn(path: Path, rule: string, message: string, options?: FindingOptions): void
}

/** Runs checks that report, and gathers what they say. */
export function gatherFindings(run: (report: Reporter) => void): Finding[] {
  const findings: Finding[] = []
  run({
    error: (...said) => findings.push(errorAt(...said)),
    warn: (...said) => findings.push(warningAt(...said)),
  })
  return findings
}

/** The mode a service or graph runs in. An unknown word counts as the default here; `checkDeploymentMode` refuses it. */
export function modeOf(annotations: Readonly<Record<string, string>>, context: CheckContext): ParsedDeploymentMode {
  const wanted = annotations[keys.deploymentMode]
  const byDefault = context.defaultDeploymentMode ?? 'Standard'
  return wanted === undefined ? byDefault : (parseDeploymentMode(wanted) ?? byDefault)
}
