import type { Container, PodSpec, PredictorSpec } from '@millrace/api'
import type { Problem } from '../decision.ts'
import { containerNames, executorBackendKey, labelKeys, userKeys } from '../keys.ts'
import { headServiceName, predictorName, workerName, workersServiceName } from '../names.ts'
import type { Workload } from '../plan.ts'
import { editContainer, setEnv } from '../pod/container-edit.ts'
import type { StringMap } from '../pod/shape.ts'
import { mergeContainer, mergePodSpec } from '../runtime/strategic-merge.ts'
import type { Runtime } from '../runtime/select-runtime.ts'
import { podFieldsOf, runtimePodFields } from './component-pod.ts'
import { unfitRuntime } from './unfit-runtime.ts'
import type { PlanningInput } from './planning.ts'

interface WorkerInput {
  readonly predictor: PredictorSpec
  readonly workload: Workload
  readonly runtime: Runtime | undefined
  readonly labels: StringMap
  readonly annotationsOf: (runtime: StringMap | undefined) => StringMap
  readonly uri: string | undefined
  readonly planning: PlanningInput
}

type WorkerResult =
  | { readonly ok: true; readonly workload: Workload }
  | { readonly ok: false; readonly problem: Problem }

/** Resource names that are GPUs everywhere; the configuration and an annotation may add more. */
const gpuResources = ['nvidia.com/gpu', 'amd.com/gpu', 'intel.com/gpu', 'habana.ai/gaudi']

/** Spreads a predictor over several nodes: the workload becomes the head, and worker pods are added. */
export function planWorker(input: WorkerInput): WorkerResult {
  const { predictor, runtime, workload, planning } = input
  const workers = runtime?.spec.workerSpec
  if (!runtime || !workers) return { ok: false, problem: noWorkers(runtime) }
  const base = workers.containers.find((container) => container.name === containerNames.worker)
  if (!base)
    return {
      ok: false,
      problem: unfitRuntime(runtime, `has no container "${containerNames.worker}" in its workerSpec`),
    }
  const own = predictor.workerSpec ?? {}
  const merged = mergePodSpec(runtimePodFields(workers), podFieldsOf(own))
  const container = mergeContainer(base, own.containers?.[0] ?? {})
  const pipeline = own.pipelineParallelSize ?? workers.pipelineParallelSize ?? 1
  const tensor = own.tensorParallelSize ?? workers.tensorParallelSize ?? 1
  const gpus = [...gpuResources, ...planning.gpuResources]
  const isMp = runtime.spec.annotations?.[executorBackendKey] === 'mp'
  const head = workload.pod.containers[0]
  const nodes = isMp
    ? { count: pipeline, worker: tensor, head: tensor }
    : rayNodes(tensor * pipeline, gpuCount(head, gpus), gpuCount(container, gpus))
  if ('problem' in nodes) return { ok: false, problem: nodes.problem }
  const { service } = planning
  const names = {
    head: headServiceName(service.name, service.generation),
    workers: workersServiceName(predictorName(service.name, predictor.name), service.generation),
  }
  const env = { pipeline, tensor, nodes, service: service.name, uri: input.uri, names }
  const all = [...gpus, ...annotatedGpus(workload.annotations)]
  const generation = String(service.generation)
  return {
    ok: true,
    workload: {
      ...workload,
      labels: { ...workload.labels, [labelKeys.generation]: generation },
      pod: withGpus(withEnv(workload.pod, containerNames.server, headEnv(env)), containerNames.server, nodes.head, all),
      worker: {
        name: workerName(service.name),
        labels: {
          ...workers.labels,
          ...input.labels,
          ...predictor.labels,
          [labelKeys.generation]: generation,
          [labelKeys.inferenceService]: service.name,
          [labelKeys.component]: 'predictor',
        },
        annotations: input.annotationsOf(workers.annotations),
        pod: withGpus(
          withEnv({ ...merged, containers: [container] }, containerNames.worker, workerEnv(env)),
          containerNames.worker,
          nodes.worker,
          all,
        ),
        replicas: nodes.count - 1,
      },
    },
  }
}

function noWorkers(runtime: Runtime | undefined): Problem {
  const what = runtime
    ? `Runtime "${runtime.name}" has no workerSpec`
    : 'A custom container cannot run on several nodes'
  return {
    reason: 'InvalidWorkerSpecNotSet',
    message: `${what}: choose a runtime with a workerSpec, or remove spec.predictor.workerSpec.`,
    path: 'spec.predictor.workerSpec',
    condition: 'PredictorReady',
  }
}

interface Nodes {
  readonly count: number
  readonly head: number
  readonly worker: number
}

/**
 * How many nodes a Ray cluster needs, and how many GPUs each gets, from the total that the model needs and what head and
 * worker containers request. A head that can hold everything stays alone.
 */
function rayNodes(total: number, headRequest: number, workerRequest: number): Nodes | { readonly problem: Problem } {
  if (workerRequest > 0) {
    const byWorkers = Math.ceil(total / workerRequest)
    const count = headRequest >= total ? 1 : byWorkers
    if (count === 1) return { count, head: total, worker: 0 }
    const head = headRequest > 0 ? headRequest : total - workerRequest * (count - 1)
    const provided = head + workerRequest * (count - 1)
    return provided < total
      ? { problem: tooFewGpus(total, head, provided - head) }
      : { count, head, worker: workerRequest }
  }
  if (headRequest > 0) return { count: Math.max(total - headRequest, 0) + 1, head: headRequest, worker: 1 }
  return { count: total, head: 1, worker: 1 }
}

function tooFewGpus(total: number, head: number, workers: number): Problem {
  return {
    reason: 'InvalidGPUAllocation',
    message: `The model needs ${total} GPUs, but head (${head}) and workers (${workers}) have ${head + workers}: request more in resources, or lower the parallel sizes.`,
    path: 'spec.predictor.workerSpec',
    condition: 'PredictorReady',
  }
}

function gpuCount(container: Container | undefined, gpus: readonly string[]): number {
  const requests = container?.resources?.requests ?? {}
  const name = gpus.find((resource) => resource in requests)
  return name === undefined ? 0 : Number(requests[name]) || 0
}

interface EnvInput {
  readonly pipeline: number
  readonly tensor: number
  readonly nodes: Nodes
  readonly service: string
  readonly uri: string | undefined
  readonly names: { readonly head: string; readonly workers: string }
}

type Variables = readonly { readonly name: string; readonly value: string }[]

function parallelEnv(input: EnvInput, gpus: number): Variables {
  return [
    { name: 'PIPELINE_PARALLEL_SIZE', value: String(input.pipeline) },
    { name: 'TENSOR_PARALLEL_SIZE', value: String(input.tensor) },
    { name: 'RAY_NODE_COUNT', value: String(input.nodes.count) },
    { name: 'REQUEST_GPU_COUNT', value: String(gpus) },
  ]
}

function headEnv(input: EnvInput): Variables {
  const scheme = input.uri?.split('://')[0]
  const isMounted = scheme === 'pvc' || scheme === 'oci'
  return [
    ...parallelEnv(input, input.nodes.head),
    { name: 'MODEL_NAME', value: input.service },
    ...(isMounted ? [{ name: 'MODEL_DIR', value: '/mnt/models' }] : []),
  ]
}

function workerEnv(input: EnvInput): Variables {
  return [
    ...parallelEnv(input, input.nodes.worker),
    { name: 'ISVC_NAME', value: input.service },
    { name: 'HEAD_SVC', value: input.names.head },
    { name: 'WORKER_SVC', value: input.names.workers },
  ]
}

function withEnv(pod: PodSpec, container: string, env: Variables): PodSpec {
  return editContainer(pod, container, (c) => setEnv(c, env))
}

/** Gives a container its GPUs, of the kind that it asks for, else NVIDIA's. */
function withGpus(pod: PodSpec, name: string, count: number, gpus: readonly string[]): PodSpec {
  return editContainer(pod, name, (container) => {
    const { limits = {}, requests = {} } = container.resources ?? {}
    const kind = gpus.find((resource) => isSome(limits[resource]) || isSome(requests[resource])) ?? 'nvidia.com/gpu'
    const amount = { [kind]: String(count) }
    return {
      ...container,
      resources: { ...container.resources, limits: { ...limits, ...amount }, requests: { ...requests, ...amount } },
    }
  })
}

function isSome(amount: string | number | undefined): boolean {
  return amount !== undefined && Number(amount) !== 0
}

/** Resource names that an annotation adds, as a JSON list. Admission checks its form. */
function annotatedGpus(annotations: StringMap): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(annotations[userKeys.gpuResourceTypes] ?? '[]')
    return Array.isArray(parsed) ? parsed.map(String) : []
  } catch {
    return []
  }
}
