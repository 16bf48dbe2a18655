import type { WorkerSpec } from '../../kinds/inference-service.ts'
import { annotations as keys, environment } from '../../wire-keys.ts'
import type { CheckContext, Reporter, ServiceCheck } from '../check-context.ts'
import type { AnyContainer } from './container-rules.ts'
import { schemeOf } from './storage-rules.ts'

type Path = readonly (string | number)[]

/** Resource names that are GPUs without anybody saying so. */
export const knownGpuResources: readonly string[] = [
  'nvidia.com/gpu',
  'amd.com/gpu',
  'intel.com/gpu',
  'habana.ai/gaudi',
]

const ordinaryResources: readonly string[] = ['cpu', 'memory', 'storage', 'ephemeral-storage']

export function checkWorkerContainers(worker: Pick<WorkerSpec, 'containers'>, path: Path, report: Reporter): void {
  if ((worker.containers?.length ?? 0) <= 1) return
  report.error([...path, 'containers'], 'worker-containers', 'may hold one container only: remove the others')
}

/** The sizes are said once, in workerSpec; the variables are made from them. */
export function checkParallelVariables(container: AnyContainer, path: Path, report: Reporter): void {
  for (const [index, { name }] of (container.env ?? []).entries()) {
    const field = {
      [environment.pipelineParallelSize]: 'pipelineParallelSize',
      [environment.tensorParallelSize]: 'tensorParallelSize',
    }[name]
    if (!field) continue
    const message = `${name} is set by the controller: say workerSpec.${field} instead`
    report.error([...path, 'env', index], 'parallel-variable', message, { value: name })
  }
}

/** Only resources that are known to be GPUs: the number of workers is counted in them. */
export function checkGpuResources(
  container: AnyContainer,
  annotations: Readonly<Record<string, string>>,
  context: CheckContext,
  path: Path,
  report: Reporter,
): void {
  const custom = customGpuResources(annotations[keys.gpuResourceTypes])
  if (!custom) {
    const value = annotations[keys.gpuResourceTypes]
    const message = `${JSON.stringify(value)} must be a JSON list of resource names, such as ["example.com/gpu"]`
    report.error(['metadata', 'annotations', keys.gpuResourceTypes], 'gpu-resource', message, { value })
    return
  }
  const allowed = new Set([...ordinaryResources, ...knownGpuResources, ...(context.gpuResourceTypes ?? []), ...custom])
  for (const field of ['limits', 'requests'] as const) {
    for (const name of Object.keys(container.resources?.[field] ?? {})) {
      if (allowed.has(name)) continue
      const message = `${name} is not known to be a GPU: if it is, annotate with ${keys.gpuResourceTypes}: '["${name}"]'`
      report.error([...path, 'resources', field, name], 'gpu-resource', message, { value: name })
    }
  }
}

function customGpuResources(text: string | undefined): readonly string[] | undefined {
  if (!text) return []
  try {
    const list: unknown = JSON.parse(text)
    const isList =
      Array.isArray(list) && list.length > 0 && list.every((item) => typeof item === 'string' && item !== '')
    return isList ? (list as string[]) : undefined
  } catch {
    return undefined
  }
}

const sharedSchemes: readonly string[] = ['pvc', 'oci']

export function checkMultiNode(check: ServiceCheck, report: Reporter): void {
  const { predictor } = check.service.spec
  const { workerSpec, model } = predictor
  if (!workerSpec) return
  const path = ['spec', 'predictor']
  checkWorkerContainers(workerSpec, [...path, 'workerSpec'], report)
  for (const [index, container] of (workerSpec.containers ?? []).entries()) {
    const place = [...path, 'workerSpec', 'containers', index]
    checkGpuResources(container, check.annotations, check.context, place, report)
  }
  if (!model) return
  checkParallelVariables(model, [...path, 'model'], report)
  checkGpuResources(model, check.annotations, check.context, [...path, 'model'], report)
  const scheme = model.storageUri === undefined ? undefined : schemeOf(model.storageUri)
  if (model.storageUri === undefined) {
    const message = 'is required with workerSpec: every node reads the model from pvc:// or oci://'
    report.error([...path, 'model', 'storageUri'], 'multi-node-storage', message)
  } else if (!sharedSchemes.includes(scheme ?? '')) {
    const message = 'must be pvc:// or oci:// with workerSpec, because every node needs the model'
    report.error([...path, 'model', 'storageUri'], 'multi-node-storage', message, { value: model.storageUri })
  }
  const autoscaler = check.annotations[keys.autoscalerClass]
  if (autoscaler !== 'none') {
    const message = 'must be "none" with workerSpec: a model on several nodes is not scaled'
    report.error(['metadata', 'annotations', keys.autoscalerClass], 'multi-node-autoscaler', message, {
      value: autoscaler,
    })
  }
}
