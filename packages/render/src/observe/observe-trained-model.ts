import { type InferenceService, quantityValue, type TrainedModel } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { conditionOf } from './deployment-state.ts'
import type { ObserveInput, Observed } from '../seam.ts'
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
  const parts = [
    { type: 'InferenceServiceReady', ...parentState(parent, model) },
    { type: 'IsMMSPredictor', ...multiModelState(parent, model) },
    { type: 'FrameworkSupported', ...frameworkState(parent, model, runtimesOf(world, namespace)) },
    { type: 'MemoryResourceAvailable', ...memoryState(parent, model, world.list('TrainedModel', namespace)) },
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

/** The parent's runtime must read the model's format. A custom server is taken by its word. */
function frameworkState(parent: KubeObject | undefined, model: TrainedModel, runtimes: readonly Runtime[]): State {
  const service = parent as unknown as InferenceService | undefined
  const named = service && readPredictor(service.spec.predictor).model?.runtime
  const { servingRuntimeName, clusterServingRuntimeName } = service?.status ?? {}
  const name = named ?? servingRuntimeName ?? clusterServingRuntimeName
  if (name === undefined) return { status: 'True' }
  const runtime = runtimes.find((candidate) => candidate.name === name)
  const formats = (runtime?.spec.supportedModelFormats ?? []).map((format) => format.name)
  const { framework } = model.spec.model
  if (!runtime || formats.includes(framework)) return { status: 'True' }
  const known = [...new Set(formats)].join(', ')
  return no(
    'FrameworkNotSupported',
    `Runtime "${name}" of InferenceService "${model.spec.inferenceService}" does not read "${framework}": set spec.model.framework to one of ${known}, or choose another service.`,
  )
}

function memoryState(parent: KubeObject | undefined, model: TrainedModel, all: readonly KubeObject[]): State {
  const service = parent as unknown as InferenceService | undefined
  const predictor = service && readPredictor(service.spec.predictor)
  const server = predictor?.model ?? predictor?.containers?.[0]
  const limit = quantityValue(server?.resources?.limits?.['memory']) ?? 0
  const siblings = all
    .map((object) => object as unknown as TrainedModel)
    .filter(
      (other) =>
        other.spec.inferenceService === model.spec.inferenceService && other.metadata.name !== model.metadata.name,
    )
  const wanted = [...siblings, model].reduce((sum, other) => sum + (quantityValue(other.spec.model.memory) ?? 0), 0)
  if (limit >= wanted) return { status: 'True' }
  return no(
    'MemoryResourceNotAvailable',
    `The models of InferenceService "${model.spec.inferenceService}" need more memory than its limit: raise resources.limits.memory of the predictor.`,
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
