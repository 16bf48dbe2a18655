import type { ClusterConfig } from '../config/cluster-config.ts'
import { parseDeploymentMode } from '../deployment-mode.ts'
import type { Container, ResourceRequirements } from '../generated/kubernetes-objects.ts'
import type {
  ArtExplainerSpec,
  ExplainerSpec,
  InferenceService,
  ModelSpec,
  PredictorSpec,
  TransformerSpec,
} from '../kinds/inference-service.ts'
import { type Framework, frameworks } from '../schema/model.ts'
import { defaultMountPath } from '../schema/storage.ts'
import { withoutNulls } from '../validate/without-nulls.ts'
import { annotations as keys, containerNames, internalAnnotations } from '../wire-keys.ts'

type ComponentBase = Pick<TransformerSpec, 'storageUris' | 'automountServiceAccountToken'>

/**
 * The service as it is to be read: what the user left out is filled in, and what has an older form has the newer one.
 * The user's object is not touched. Applying it twice changes nothing. Source of the rules: KServe's defaulting webhook,
 * which writes the same into the object.
 *
 * - older spellings of the deployment mode become the newer ones, and the cluster's default is noted, as KServe notes it;
 * - `sklearn: {…}` and the like become `model: {modelFormat: {name: sklearn}, …}`, with the protocol they always had;
 * - a server's container is called kserve-container and has the cluster's default resources;
 * - storageUris have their mountPath; nulls are gone.
 */
export function withDefaults(service: InferenceService, config: ClusterConfig): InferenceService {
  const { spec, metadata, ...rest } = withoutNulls(service)
  const predictor = predictorWithDefaults(spec.predictor, config)
  return {
    ...rest,
    metadata: { ...metadata, annotations: annotationsWithDefaults(metadata.annotations, predictor.model, config) },
    spec: {
      ...spec,
      predictor,
      ...(spec.transformer ? { transformer: transformerWithDefaults(spec.transformer, config) } : {}),
      ...(spec.explainer ? { explainer: explainerWithDefaults(spec.explainer, config) } : {}),
      ...(spec.canary
        ? { canary: spec.canary.map((each) => ({ ...each, predictor: predictorWithDefaults(each.predictor, config) })) }
        : {}),
    },
  }
}

function annotationsWithDefaults(
  annotations: Record<string, string> | undefined,
  model: ModelSpec | undefined,
  config: ClusterConfig,
): Record<string, string> {
  const out = { ...annotations }
  const wanted = out[keys.deploymentMode]
  const byDefault = config.deploy.defaultDeploymentMode
  if (wanted !== undefined) out[keys.deploymentMode] = parseDeploymentMode(wanted) ?? wanted
  else if (byDefault !== 'Knative') out[keys.deploymentMode] = byDefault
  const format = model?.modelFormat?.name
  if (format) out[internalAnnotations.modelFormat] ??= format
  return out
}

/** Formats whose servers never spoke v1: v2 is meant when nothing is said. */
const v2Frameworks: readonly Framework[] = ['triton', 'onnx', 'huggingface']
const v2Formats: readonly string[] = ['triton', 'vLLM']

function predictorWithDefaults(predictor: PredictorSpec, config: ClusterConfig): PredictorSpec {
  const base = componentWithDefaults(predictor, config)
  const model = modelOf(base)
  if (model) return { ...withoutFrameworks(base), model }
  const { containers } = base
  return containers?.length ? { ...base, containers: withServerContainer(containers, config) } : base
}

/** The model, whichever form it is written in. */
function modelOf(predictor: PredictorSpec): ModelSpec | undefined {
  const framework = frameworks.find((name) => predictor[name] !== undefined)
  const old = framework && predictor[framework]
  if (framework && old) {
    const protocolVersion = old.protocolVersion ?? (v2Frameworks.includes(framework) ? 'v2' : undefined)
    return { ...old, modelFormat: { name: framework }, ...(protocolVersion ? { protocolVersion } : {}) }
  }
  const { model } = predictor
  const isV2 = model?.protocolVersion === undefined && v2Formats.includes(model?.modelFormat?.name ?? '')
  return model && isV2 ? { ...model, protocolVersion: 'v2' } : model
}

function withoutFrameworks(predictor: PredictorSpec): PredictorSpec {
  const out: Record<string, unknown> = { ...predictor }
  for (const name of frameworks) delete out[name]
  return out
}

function transformerWithDefaults(transformer: TransformerSpec, config: ClusterConfig): TransformerSpec {
  const base = componentWithDefaults(transformer, config)
  const { containers } = base
  return containers?.length ? { ...base, containers: withServerContainer(containers, config) } : base
}

function explainerWithDefaults(explainer: ExplainerSpec, config: ClusterConfig): ExplainerSpec {
  const base = componentWithDefaults(explainer, config)
  const { art, containers } = base
  return {
    ...base,
    ...(art ? { art: artWithDefaults(art, config) } : {}),
    ...(containers?.length ? { containers: withServerContainer(containers, config) } : {}),
  }
}

function artWithDefaults(art: ArtExplainerSpec, config: ClusterConfig): ArtExplainerSpec {
  return {
    ...art,
    name: containerNames.server,
    runtimeVersion: art.runtimeVersion ?? config.explainers.art.defaultImageVersion,
    resources: resourcesWithDefaults(art.resources, config),
  }
}

function componentWithDefaults<C extends ComponentBase>(component: C, config: ClusterConfig): C {
  const { storageUris } = component
  return {
    ...component,
    ...(storageUris
      ? { storageUris: storageUris.map((each) => ({ ...each, mountPath: each.mountPath ?? defaultMountPath })) }
      : {}),
    ...(component.automountServiceAccountToken === undefined && !config.security.autoMountServiceAccountToken
      ? { automountServiceAccountToken: false }
      : {}),
  }
}

/**
 * The container that does the component's work: the one that is called so, else the first that isn't a transformer beside
 * it. It gets the name and the cluster's default resources. (KServe always takes the first one, and so makes pods with two
 * containers of one name.)
 */
function withServerContainer(containers: readonly Container[], config: ClusterConfig): readonly Container[] {
  const named = containers.findIndex(({ name }) => name === containerNames.server)
  const first = containers.findIndex(({ name }) => name !== containerNames.transformer)
  const server = named >= 0 ? named : Math.max(first, 0)
  return containers.map((container, index) =>
    index === server
      ? { ...container, name: containerNames.server, resources: resourcesWithDefaults(container.resources, config) }
      : container,
  )
}

function resourcesWithDefaults(resources: ResourceRequirements = {}, config: ClusterConfig): ResourceRequirements {
  const { cpuRequest, cpuLimit, memoryRequest, memoryLimit } = config.inferenceService.resource
  return {
    ...resources,
    requests: { ...present({ cpu: cpuRequest, memory: memoryRequest }), ...resources.requests },
    limits: { ...present({ cpu: cpuLimit, memory: memoryLimit }), ...resources.limits },
  }
}

function present(amounts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount !== ''))
}
