import type { Container, ModelSpec, PodSpec, PredictorSpec } from '@millrace/api'
import { unfitRuntime } from './unfit-runtime.ts'
import type { Decision, Problem } from '../decision.ts'
import { containerNames, envNames, internalKeys, labelKeys } from '../keys.ts'
import { predictorName } from '../names.ts'
import type { Workload } from '../plan.ts'
import type { StringMap } from '../pod/shape.ts'
import { imageFor } from '../runtime/image-tag.ts'
import { fillPlaceholders } from '../runtime/placeholders.ts'
import { type Choice, type Rejection, type Runtime, runtimesOf, selectRuntime } from '../runtime/select-runtime.ts'
import { serverDefaults } from '../runtime/server-defaults.ts'
import { mergeContainer, mergePodSpec } from '../runtime/strategic-merge.ts'
import { containerFieldsOf, deployingOf, podFieldsOf, runtimePodFields } from './component-pod.ts'
import {
  batcherAnnotations,
  confidentialAnnotations,
  loggerAnnotations,
  multiModelAnnotations,
  scaleAnnotations,
  storageAnnotations,
  without,
} from './metadata.ts'
import { planWorker } from './plan-worker.ts'
import { type PlanningInput, type Refusal, refuse, withServiceName } from './planning.ts'
import { sourceUri } from './source-uri.ts'
import { checkStorageUri } from './storage-check.ts'

export interface PredictorPlan {
  readonly ok: true
  readonly workload: Workload
  readonly runtime: Runtime | undefined
  /** Labels that the service gets by its server; they go on everything else of the service too. */
  readonly labels: StringMap
  readonly decisions: readonly Decision[]
}

/** Plans the predictor, or one of its canaries (whose predictor is then the merged one). */
export function planPredictor(
  predictor: PredictorSpec,
  canary: string | undefined,
  input: PlanningInput,
): PredictorPlan | Refusal {
  const { service } = input
  const served = predictor.model ? planServer(predictor, predictor.model, input) : customServer(predictor)
  if (!served.ok) return served
  const uri = sourceUri(predictor)
  const problem = checkSources(predictor, uri, input)
  if (problem) return refuse(problem, served.decisions, served.runtime)
  const name = predictorName(service.name, predictor.name)
  const labels = { ...service.labels, ...served.labels }
  const internal = predictorAnnotations(predictor, uri, service.name)
  const annotationsOf = (runtime: StringMap | undefined) => ({
    ...without(runtime, input.annotationsDisallowed),
    ...without(service.annotations, input.annotationsDisallowed),
    ...internal,
    ...without(predictor.annotations, input.annotationsDisallowed),
  })
  const workload: Workload = {
    component: 'predictor',
    ...(canary === undefined ? {} : { canary }),
    name,
    labels: { ...served.runtime?.spec.labels, ...labels, ...predictor.labels, ...componentLabels(service.name) },
    annotations: annotationsOf(served.runtime?.spec.annotations),
    pod: withServiceName(served.pod, service.name),
    scaleAnnotations: scaleAnnotations(served.runtime?.spec.annotations, service.annotations, predictor.annotations),
    deploying: deployingOf(predictor),
    ...(predictor.storageUris ? { sources: predictor.storageUris } : {}),
    storageContainerName: predictor.storageContainerName,
  }
  const result = {
    ok: true,
    workload,
    runtime: served.runtime,
    labels: served.labels,
    decisions: served.decisions,
  } as const
  if (!predictor.workerSpec || canary !== undefined) return result
  if (service.mode === 'Knative') return refuse(noWorkersInKnative, served.decisions, served.runtime)
  const worker = planWorker({
    predictor,
    workload,
    runtime: served.runtime,
    labels,
    annotationsOf,
    uri,
    planning: input,
  })
  return worker.ok ? { ...result, workload: worker.workload } : refuse(worker.problem, served.decisions, served.runtime)
}

const noWorkersInKnative: Problem = {
  reason: 'MultiNodeNeedsStandard',
  message: 'Knative mode has no worker pods: make the service in Standard mode, or remove spec.predictor.workerSpec.',
  path: 'spec.predictor.workerSpec',
  condition: 'PredictorReady',
}

function componentLabels(service: string): StringMap {
  return { [labelKeys.inferenceService]: service, [labelKeys.component]: 'predictor' }
}

interface Served {
  readonly ok: true
  readonly pod: PodSpec
  readonly runtime: Runtime | undefined
  readonly labels: StringMap
  readonly decisions: readonly Decision[]
}

function customServer(predictor: PredictorSpec): Served | Refusal {
  const pod = podFieldsOf(predictor)
  if (!pod.containers || pod.containers.length === 0) {
    return refuse({
      reason: 'InvalidPredictorSpec',
      message: 'The predictor says neither which model to serve nor with which container: set model or containers.',
      path: 'spec.predictor',
      condition: 'PredictorReady',
    })
  }
  return { ok: true, pod: { ...pod, containers: pod.containers }, runtime: undefined, labels: {}, decisions: [] }
}

function checkSources(predictor: PredictorSpec, uri: string | undefined, input: PlanningInput): Problem | undefined {
  if (uri === undefined) return undefined
  if (predictor.model?.storage?.path !== undefined) {
    return {
      reason: 'InvalidStorage',
      message: 'Both storageUri and storage.path are set: keep one of them.',
      path: 'spec.predictor.model.storage.path',
      condition: 'PredictorReady',
    }
  }
  return checkStorageUri(uri, 'spec.predictor.model.storageUri', input.world)
}

/** A server with no model of its own waits for TrainedModels. Hugging Face's fetches by model id instead. */
export function isMultiModel(predictor: PredictorSpec): boolean {
  const [first] = predictor.containers ?? []
  if (first) return first.env?.some((v) => v.name === envNames.multiModelServer && v.value === 'true') ?? false
  const { model } = predictor
  if (!model || model.modelFormat?.name === 'huggingface') return false
  return model.storageUri === undefined && !model.storage && !predictor.storageUris?.length
}

function predictorAnnotations(predictor: PredictorSpec, uri: string | undefined, service: string): StringMap {
  return {
    ...loggerAnnotations(predictor.logger),
    ...batcherAnnotations(predictor.batcher),
    ...storageAnnotations(predictor.model?.storage),
    ...(isMultiModel(predictor) ? multiModelAnnotations(service) : {}),
    ...(uri === undefined ? {} : { [internalKeys.storageInitializerSourceUri]: uri }),
    ...(uri !== undefined && predictor.storageContainerName
      ? { [internalKeys.storageContainerName]: predictor.storageContainerName }
      : {}),
    ...confidentialAnnotations(predictor.model),
  }
}

function planServer(predictor: PredictorSpec, model: ModelSpec, input: PlanningInput): Served | Refusal {
  const { service, world } = input
  const choice = selectRuntime(model, predictor.workerSpec !== undefined, runtimesOf(world, service.namespace))
  const decisions = choiceDecisions(choice)
  if (!choice.ok) {
    const { reason, message } = choice
    return refuse({ reason, message, path: 'spec.predictor.model', condition: 'PredictorReady' }, decisions)
  }
  const { runtime } = choice
  const tuned = serverDefaults(model, service.name, runtime)
  const meta = { ...service, labels: { ...service.labels, ...tuned.labels } }
  const pod = serverPod(predictor, tuned.model, runtime, meta)
  if (!pod.ok) return refuse(pod.problem, decisions, runtime)
  return { ok: true, pod: pod.spec, runtime, labels: tuned.labels, decisions }
}

function choiceDecisions(choice: Choice): Decision[] {
  const decisions = choice.rejected.map((rejection) => rejectionDecision(rejection))
  if (!choice.ok) return decisions
  const { runtime, named } = choice
  const chosen: Decision = {
    reason: 'RuntimeChosen',
    message: `${runtime.scope === 'cluster' ? 'ClusterServingRuntime' : 'ServingRuntime'} "${runtime.name}" runs the model${named ? ', as the spec says' : ''}.`,
    level: 'info',
    source: named ? 'spec' : runtime.scope === 'cluster' ? 'cluster' : 'runtime',
    path: 'spec.predictor.model.runtime',
    value: runtime.name,
  }
  return [chosen, ...decisions]
}

function rejectionDecision(rejection: Rejection): Decision {
  return {
    reason: `RuntimeRejected${rejection.reason}`,
    message: `Runtime "${rejection.runtime}" is not used: ${rejection.message}.`,
    level: 'info',
    source: 'runtime',
    path: 'spec.predictor.model.runtime',
    value: rejection.runtime,
  }
}

type Meta = PlanningInput['service']
type ServerPod = { readonly ok: true; readonly spec: PodSpec } | { readonly ok: false; readonly problem: Problem }

/** The runtime's pod with the service's over it: server, transformer beside it, then everybody else's containers. */
function serverPod(predictor: PredictorSpec, model: ModelSpec, runtime: Runtime, meta: Meta): ServerPod {
  const runtimeServer = runtime.spec.containers.find((container) => container.name === containerNames.server)
  if (!runtimeServer)
    return { ok: false, problem: unfitRuntime(runtime, `has no container "${containerNames.server}"`) }
  const own = predictor.containers ?? []
  const server = filled(mergeContainer(runtimeServer, containerFieldsOf(model)), runtime, meta)
  if (!server.ok) return server
  const image = imageFor(server.container, model.runtimeVersion, runtime)
  const containers: Container[] = [image === undefined ? server.container : { ...server.container, image }]
  const transformer = transformerBeside(runtime.spec.containers, own)
  if (transformer) {
    const result = filled(transformer, runtime, meta)
    if (!result.ok) return result
    containers.push(result.container)
  }
  const taken = new Set<string>([containerNames.server, containerNames.transformer])
  containers.push(...runtime.spec.containers.filter((container) => !taken.has(container.name)))
  containers.push(...own.filter((container) => container.name !== containerNames.transformer))
  const merged = mergePodSpec(runtimePodFields(runtime.spec), podFieldsOf(predictor))
  return { ok: true, spec: { ...merged, containers } }
}

function transformerBeside(runtimes: readonly Container[], own: readonly Container[]): Container | undefined {
  const ofRuntime = runtimes.find((container) => container.name === containerNames.transformer)
  const ofService = own.find((container) => container.name === containerNames.transformer)
  return ofRuntime && ofService ? mergeContainer(ofRuntime, ofService) : (ofService ?? ofRuntime)
}

type FilledContainer =
  | { readonly ok: true; readonly container: Container }
  | { readonly ok: false; readonly problem: Problem }

function filled(container: Container, runtime: Runtime, meta: Meta): FilledContainer {
  const result = fillPlaceholders(container, meta)
  if (result.ok) return result
  return { ok: false, problem: unfitRuntime(runtime, `has a placeholder that cannot be filled (${result.error})`) }
}
