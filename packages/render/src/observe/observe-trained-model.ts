import { type InferenceService, quantityValue, type TrainedModel, withDefaults } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { conditionOf } from './deployment-state.ts'
import type { ObserveInput, Observed } from '../seam.ts'
import { containerNames } from '../keys.ts'
import type { Settings } from '../settings.ts'
import { fittingModels } from '../service/fitting-models.ts'
import { readPredictor } from '../service/read-predictor.ts'
import { type Runtime, runtimesOf } from '../runtime/select-runtime.ts'
import { isMultiModel } from '../service/plan-predictor.ts'
import { worldOf } from '../world.ts'
import { type Part, settleConditions } from './conditions.ts'

/** A TrainedModel is ready when its service is, takes models, reads its format, and has memory left for it. */
export function observeTrainedModel(input: ObserveInput): Observed {
  const model = input.service as unknown as TrainedModel
  const world = worldOf(input.world)
  const namespace = model.metadata.namespace ?? ''
  const parent = world.find('InferenceService', model.spec.inferenceService, namespace)
  const runtime = runtimeOf(parent, runtimesOf(world, namespace))
  const models = world.list('TrainedModel', namespace)
  const parts = [
    { type: 'InferenceServiceReady', ...parentState(parent, model) },
    { type: 'IsMMSPredictor', ...multiModelState(parent, model) },
    { type: 'FrameworkSupported', ...frameworkState(model, runtime) },
    { type: 'MemoryResourceAvailable', ...memoryState(model, memoryLimit(parent, runtime, input.config), models) },
  ]
  const conditions = settleConditions(
    parts.map((part): Part => ({ ...part, isNeeded: true })),
    input.service,
    input.now,
  )
  const isReady = parts.every(({ status }) => status === 'True')
  return {
    observedGeneration: model.metadata.generation ?? 1,
    conditions,
    ...(isReady ? addresses(parent, model) : {}),
  }
}

type State = Pick<Part, 'status' | 'reason' | 'message'>

function parentState(parent: KubeObject | undefined, model: TrainedModel): State {
  const name = model.spec.inferenceService
  if (!parent)
    return no(
      'InferenceServiceNotFound',
      `InferenceService "${name}" does not exist: create it, or correct spec.inferenceService.`,
    )
  if (conditionOf(parent, 'Ready')?.status === 'True') return { status: 'True' }
  return no('InferenceServiceNotReady', `InferenceService "${name}" is not ready yet: the model is loaded when it is.`)
}

function multiModelState(parent: KubeObject | undefined, model: TrainedModel): State {
  const service = parent as unknown as InferenceService | undefined
  if (service && isMultiModel(readPredictor(service.spec.predictor))) return { status: 'True' }
  return no(
    'IsNotMMSPredictor',
    `InferenceService "${model.spec.inferenceService}" has a model of its own: remove its storageUri, so that it takes others.`,
  )
}

/** The runtime that the service names, or got. */
function runtimeOf(parent: KubeObject | undefined, runtimes: readonly Runtime[]): Runtime | undefined {
  const service = parent as unknown as InferenceService | undefined
  const named = service && readPredictor(service.spec.predictor).model?.runtime
  const { servingRuntimeName, clusterServingRuntimeName } = service?.status ?? {}
  const name = named ?? servingRuntimeName ?? clusterServingRuntimeName
  return runtimes.find((candidate) => candidate.name === name)
}

/** The parent's runtime must read the model's format. A custom server is taken by its word. */
function frameworkState(model: TrainedModel, runtime: Runtime | undefined): State {
  const formats = (runtime?.spec.supportedModelFormats ?? []).map((format) => format.name)
  const { framework } = model.spec.model
  if (!runtime || formats.includes(framework)) return { status: 'True' }
  const known = [...new Set(formats)].join(', ')
  return no(
    'FrameworkNotSupported',
    `Runtime "${runtime.name}" of InferenceService "${model.spec.inferenceService}" does not read "${framework}": set spec.model.framework to one of ${known}, or choose another service.`,
  )
}

/** Bytes that the server may use: as its spec says, else its runtime, else, for a custom one, the cluster's default. */
function memoryLimit(parent: KubeObject | undefined, runtime: Runtime | undefined, config: Settings): number {
  const service = parent && withDefaults(parent as unknown as InferenceService, config)
  const { model, containers } = service?.spec.predictor ?? {}
  const ofRuntime = runtime?.spec.containers.find(({ name }) => name === containerNames.server)
  const servers = [model ?? containers?.[0], ofRuntime]
  const limit = servers.map((server) => server?.resources?.limits?.['memory']).find((amount) => amount !== undefined)
  return quantityValue(limit) ?? 0
}

function memoryState(model: TrainedModel, limit: number, all: readonly KubeObject[]): State {
  const service = model.spec.inferenceService
  const fits = fittingModels(all, service, limit).some(({ metadata }) => metadata.name === model.metadata.name)
  if (fits) return { status: 'True' }
  return no(
    'MemoryResourceNotAvailable',
    `InferenceService "${service}" has no memory left for this model beside its older ones: raise resources.limits.memory of the predictor.`,
  )
}

function no(reason: string, message: string): State {
  return { status: 'False', reason, message }
}

function addresses(parent: KubeObject | undefined, model: TrainedModel): object {
  const service = parent as unknown as InferenceService | undefined
  if (!service) return {}
  const { model: server } = readPredictor(service.spec.predictor)
  const name = model.metadata.name ?? ''
  const path = server?.protocolVersion === 'v2' ? `/v2/models/${name}/infer` : `/v1/models/${name}:predict`
  const { url, address } = service.status ?? {}
  return {
    ...(url ? { url: `${url}${path}` } : {}),
    ...(address?.url ? { address: { url: `${address.url}${path}` } } : {}),
  }
}
