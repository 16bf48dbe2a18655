import type { EnvVar, ModelSpec } from '@millrace/api'
import { modelDirectory, userKeys } from '../keys.ts'
import type { StringMap } from '../pod/shape.ts'
import type { Runtime } from './select-runtime.ts'

export interface ServerDefaults {
  readonly model: ModelSpec
  /** Labels that the service gets by its server, which runtimes use in placeholders. */
  readonly labels: StringMap
}

/** Server types of runtimes whose names were known before they could say their type. */
const typeOfName: StringMap = {
  'kserve-mlserver': 'mlserver',
  'kserve-torchserve': 'torchserve',
  'kserve-tritonserver': 'tritonserver',
  'kserve-tensorflow-serving': 'tensorflow-serving',
  'kserve-huggingfaceserver': 'huggingfaceserver',
  'kserve-vllmserver': 'vllmserver',
}

/** The kind of server that a runtime starts: its annotation says so, else its name. */
export function serverType(runtime: Pick<Runtime, 'name' | 'annotations'>): string {
  return runtime.annotations[userKeys.serverType] ?? typeOfName[runtime.name] ?? ''
}

/** What some servers need to be told that the spec does not say. */
export function serverDefaults(model: ModelSpec, service: string, runtime: Runtime): ServerDefaults {
  const make = defaultsByType[serverType(runtime)]
  return make ? make(model, service) : { model, labels: {} }
}

type Make = (model: ModelSpec, service: string) => ServerDefaults

const mlserverClasses: StringMap = {
  xgboost: 'mlserver_xgboost.XGBoostModel',
  lightgbm: 'mlserver_lightgbm.LightGBMModel',
  mlflow: 'mlserver_mlflow.MLflowRuntime',
}

const mlserver: Make = (model, service) => ({
  model: {
    ...model,
    protocolVersion: model.protocolVersion ?? 'v2',
    env: appended(
      model.env,
      hasStorage(model)
        ? [
            { name: 'MLSERVER_MODEL_NAME', value: service },
            { name: 'MLSERVER_MODEL_URI', value: modelDirectory },
          ]
        : [{ name: 'MLSERVER_LOAD_MODELS_AT_STARTUP', value: 'false' }],
    ),
  },
  labels: { modelClass: mlserverClasses[model.modelFormat?.name ?? ''] ?? 'mlserver_sklearn.SKLearnModel' },
})

const torchserve: Make = (model) => {
  const protocolVersion = model.protocolVersion ?? 'v1'
  const isV2 = protocolVersion === 'v2' || protocolVersion === 'grpc-v2'
  const env = [...(model.env ?? []), { name: 'PROTOCOL_VERSION', value: protocolVersion }]
  return { model: { ...model, protocolVersion, env }, labels: { serviceEnvelope: isV2 ? 'kservev2' : 'kserve' } }
}

const triton: Make = (model) => ({
  model: {
    ...model,
    protocolVersion: model.protocolVersion ?? 'v2',
    ...(hasStorage(model) ? {} : { args: [...(model.args ?? []), '--model-control-mode=explicit'] }),
  },
  labels: {},
})

const defaultsByType: Readonly<Record<string, Make>> = { mlserver, torchserve, tritonserver: triton }

function hasStorage(model: ModelSpec): boolean {
  return model.storageUri !== undefined || model.storage !== undefined
}

function appended(env: readonly EnvVar[] | undefined, added: readonly EnvVar[]): readonly EnvVar[] {
  const names = new Set(env?.map((variable) => variable.name))
  return [...(env ?? []), ...added.filter((variable) => !names.has(variable.name))]
}
