import type {
  ClusterServingRuntime,
  RuntimeWorkerSpec,
  ServingRuntime,
  ServingRuntimeSpec,
} from '../kinds/serving-runtime.ts'
import { containerNames } from '../wire-keys.ts'
import { type CheckContext, gatherFindings, type Reporter } from './check-context.ts'
import type { Finding } from './finding.ts'
import { checkContainers } from './rules/container-rules.ts'
import { checkGpuResources, checkParallelVariables, checkWorkerContainers } from './rules/multi-node-rules.ts'

type Runtime = ServingRuntime | ClusterServingRuntime

/** What the schema cannot say about a ServingRuntime or ClusterServingRuntime. A disabled one may be anything. */
export function checkServingRuntime(runtime: Runtime, context: CheckContext = {}): Finding[] {
  const { spec } = runtime
  if (spec.disabled) return []
  return gatherFindings((report) => {
    checkOwnPriorities(spec, report)
    for (const other of context.runtimes ?? []) {
      if (other.metadata.name !== runtime.metadata.name) checkPriorities(spec, other, report)
    }
    checkContainers(spec, ['spec'], report)
    if (spec.workerSpec) checkContainers(spec.workerSpec, ['spec', 'workerSpec'], report)
    checkRuntimeWorkers(spec, context, report)
  })
}

/** One format with two priorities would be chosen by chance. */
function checkOwnPriorities(spec: ServingRuntimeSpec, report: Reporter): void {
  const seen = new Map<string, number | undefined>()
  for (const [index, { name, autoSelect, priority }] of (spec.supportedModelFormats ?? []).entries()) {
    if (!autoSelect) continue
    const before = seen.get(name)
    if (!seen.has(name)) seen.set(name, priority)
    else if (before !== undefined && priority !== undefined && before !== priority) {
      const message = `is ${priority}, but ${before} for another version of ${name}: give all versions of a format the same`
      report.error(['spec', 'supportedModelFormats', index, 'priority'], 'format-priority', message, {
        value: priority,
      })
    }
  }
}

/** Two runtimes for the same format, version and protocol, with the same priority, would be chosen by chance. */
function checkPriorities(spec: ServingRuntimeSpec, other: Runtime, report: Reporter): void {
  if (other.spec.disabled || Boolean(other.spec.multiModel) !== Boolean(spec.multiModel)) return
  const protocols = spec.protocolVersions ?? []
  if (!(other.spec.protocolVersions ?? []).some((protocol) => protocols.includes(protocol))) return
  for (const [index, format] of (spec.supportedModelFormats ?? []).entries()) {
    if (!format.autoSelect || format.priority === undefined) continue
    const same = (other.spec.supportedModelFormats ?? []).find(
      (each) =>
        each.autoSelect &&
        each.priority === format.priority &&
        each.version === format.version &&
        each.name.toLowerCase() === format.name.toLowerCase(),
    )
    if (!same) continue
    const message = `is ${format.priority}, as for ${format.name} in ${other.metadata.name}: choose another, so that it is clear which runtime wins`
    report.error(['spec', 'supportedModelFormats', index, 'priority'], 'runtime-priority', message, {
      value: format.priority,
    })
  }
}

function checkRuntimeWorkers(spec: ServingRuntimeSpec, context: CheckContext, report: Reporter): void {
  const { workerSpec, annotations = {} } = spec
  if (!workerSpec) return
  checkWorkerContainers(workerSpec, ['spec', 'workerSpec'], report)
  checkParallelSizes(workerSpec, report)
  for (const [index, container] of spec.containers.entries()) {
    if (container.name !== containerNames.server) continue
    checkParallelVariables(container, ['spec', 'containers', index], report)
    checkGpuResources(container, annotations, context, ['spec', 'containers', index], report)
  }
  const worker = workerSpec.containers[0]
  if (worker?.name === containerNames.worker) {
    checkGpuResources(worker, annotations, context, ['spec', 'workerSpec', 'containers', 0], report)
  }
}

/** A disabled runtime may have any, so that the schema cannot say it. */
function checkParallelSizes(worker: RuntimeWorkerSpec, report: Reporter): void {
  for (const field of ['pipelineParallelSize', 'tensorParallelSize'] as const) {
    const size = worker[field]
    if (size === undefined || size >= 1) continue
    report.error(['spec', 'workerSpec', field], 'parallel-size', `must not be below 1, but is ${size}`, { value: size })
  }
}
