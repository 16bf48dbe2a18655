import type { InferenceService } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { envNames } from '../keys.ts'
import { containerNames } from '../keys.ts'
import { runtimesOf } from '../runtime/select-runtime.ts'
import { isMultiModel } from '../service/plan-predictor.ts'
import { readPredictor } from '../service/read-predictor.ts'
import type { World } from '../world.ts'

export type StepUrl = { readonly ok: true; readonly url: string } | { readonly ok: false; readonly message: string }

/** Where a graph's step calls a service: its address in the cluster, with the path of its model and protocol. */
export function stepUrl(object: KubeObject, world: World): StepUrl {
  const service = object as unknown as InferenceService
  const name = service.metadata.name ?? ''
  const address = service.status?.address?.url
  if (!address) return { ok: false, message: `Service "${name}" is not ready yet: the graph starts when it is.` }
  const protocol = protocolOf(service, world)
  if (protocol === undefined) {
    return {
      ok: false,
      message: `The runtime of service "${name}" speaks neither v1 nor v2: a graph can call only services that do.`,
    }
  }
  return { ok: true, url: `${address}${predictPath(modelName(service), protocol)}` }
}

function predictPath(model: string, protocol: string): string {
  if (protocol === 'v1') return `/v1/models/${model}:predict`
  return protocol === 'v2' ? `/v2/models/${model}/infer` : ''
}

/** Undefined: the service's runtime speaks none that a graph can use. Empty: requests go to the address itself. */
function protocolOf(service: InferenceService, world: World): string | undefined {
  const { predictor, transformer } = service.spec
  if (transformer) return envOf(transformer.containers?.[0], envNames.protocol) ?? 'v1'
  const effective = readPredictor(predictor)
  if (isMultiModel(effective)) return ''
  const { model } = effective
  if (!model) {
    const beside = effective.containers?.find((container) => container.name === containerNames.transformer)
    return envOf(beside ?? effective.containers?.[0], envNames.protocol) ?? 'v1'
  }
  if (model.runtime === undefined) return model.protocolVersion ?? 'v1'
  const runtime = runtimesOf(world, service.metadata.namespace ?? '').find(
    (candidate) => candidate.name === model.runtime,
  )
  const spoken = runtime?.spec.protocolVersions ?? []
  if (spoken.length === 0) return model.protocolVersion ?? 'v1'
  return spoken.find((protocol) => protocol === 'v1' || protocol === 'v2')
}

type Container = { readonly env?: readonly { readonly name: string; readonly value?: string }[] } | undefined

function envOf(container: Container, name: string): string | undefined {
  return container?.env?.find((variable) => variable.name === name)?.value
}

/** A model may be served under another name than its service's: arguments and MLServer's variable say so. */
function modelName(service: InferenceService): string {
  const { predictor, transformer } = service.spec
  const { model } = readPredictor(predictor)
  const candidates = [
    nameInArgs(transformer?.containers?.[0]?.args),
    envOf(model, 'MLSERVER_MODEL_NAME'),
    nameInArgs(model ? model.args : predictor.containers?.[0]?.args),
  ]
  return candidates.find((name) => name) ?? service.metadata.name ?? ''
}

function nameInArgs(args: readonly string[] | undefined): string | undefined {
  const at = args?.findIndex((arg) => arg === '--model_name' || arg.startsWith('--model_name=')) ?? -1
  const arg = args?.[at]
  if (arg === undefined) return undefined
  return arg.includes('=') ? arg.slice(arg.indexOf('=') + 1) : args?.[at + 1]
}
