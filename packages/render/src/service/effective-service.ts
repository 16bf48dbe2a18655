import {
  type Framework,
  frameworks,
  type InferenceServiceSpec,
  type ModelSpec,
  type PredictorSpec,
} from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { Decision } from '../decision.ts'
import { containerNames, userKeys } from '../keys.ts'
import type { StringMap } from '../pod/shape.ts'
import type { World } from '../world.ts'
import { localModelMetadata } from './local-model-match.ts'
import { type ResourceDefaults, withResources } from './resource-defaults.ts'

export type Mode = 'Standard' | 'Knative' | 'ModelMesh'

/** A service as it is meant: defaults filled in, older spellings read. The user's own object is never rewritten. */
export interface EffectiveService {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly generation: number
  readonly labels: StringMap
  readonly annotations: StringMap
  readonly spec: InferenceServiceSpec
  readonly mode: Mode
  readonly stopped: boolean
  readonly decisions: readonly Decision[]
}

export interface EffectiveInput {
  readonly service: KubeObject
  readonly world: World
  readonly defaultMode: string
  readonly resources: ResourceDefaults
  readonly mountsToken: boolean
  readonly usesLocalModels: boolean
}

export function effectiveService(input: EffectiveInput): EffectiveService {
  const { service } = input
  const spec = service['spec'] as InferenceServiceSpec
  const given = service.metadata.annotations ?? {}
  const { mode, annotation, decisions } = chooseMode(service, given, input.defaultMode)
  const predictor = effectivePredictor(spec.predictor, mode, input.resources)
  const annotations = { ...given, ...(annotation ? { [userKeys.deploymentMode]: annotation } : {}) }
  const local = localModelMetadata(predictor, service.metadata.namespace ?? '', annotations, input)
  const token = input.mountsToken ? {} : { automountServiceAccountToken: false }
  const { transformer, explainer } = spec
  return {
    apiVersion: service.apiVersion,
    kind: service.kind,
    name: service.metadata.name ?? '',
    namespace: service.metadata.namespace ?? '',
    uid: service.metadata.uid ?? '',
    generation: service.metadata.generation ?? 1,
    labels: { ...service.metadata.labels, ...local.labels },
    annotations: { ...annotations, ...local.annotations },
    spec: {
      ...spec,
      predictor: { ...token, ...predictor },
      ...(transformer ? { transformer: { ...token, ...withServerContainer(transformer, input.resources) } } : {}),
      ...(explainer ? { explainer: { ...token, ...effectiveExplainer(explainer, input.resources) } } : {}),
    },
    mode,
    stopped: isStopped(given),
    decisions,
  }
}

/** `serving.kserve.io/stop: "true"`, in any case. */
export function isStopped(annotations: StringMap): boolean {
  return annotations[userKeys.stop]?.toLowerCase() === 'true'
}

/** Standard and Knative with their older names. Undefined: no mode of that name. */
export function parseMode(text: string | undefined): Mode | undefined {
  if (text === 'Standard' || text === 'RawDeployment') return 'Standard'
  if (text === 'Knative' || text === 'Serverless') return 'Knative'
  return text === 'ModelMesh' ? 'ModelMesh' : undefined
}

interface ModeChoice {
  readonly mode: Mode
  /** What the annotation says once older names and the default are filled in. */
  readonly annotation: string | undefined
  readonly decisions: readonly Decision[]
}

/** What the service was made with stays; then its annotation, then the cluster's default. */
export function chooseMode(service: KubeObject, annotations: StringMap, defaultMode: string): ModeChoice {
  const fallback = parseMode(defaultMode) ?? 'Knative'
  const given = annotations[userKeys.deploymentMode]
  const parsed = parseMode(given)
  const recorded = parseMode(String(Object(service['status']).deploymentMode ?? ''))
  const mode = recorded ?? parsed ?? fallback
  const annotation = given === undefined ? (fallback === 'Knative' ? undefined : fallback) : (parsed ?? given)
  const source = parsed && !recorded ? 'annotation' : 'cluster'
  const decisions: Decision[] = [
    {
      reason: 'DeploymentMode',
      message: `The deployment mode is ${mode}.`,
      level: 'info',
      source,
      path: 'metadata.annotations',
      value: mode,
    },
  ]
  if (given !== undefined && !parsed) {
    decisions.push({
      reason: 'UnknownDeploymentMode',
      message: `"${given}" is no deployment mode, so ${mode} is used: write Standard or Knative.`,
      level: 'warning',
      source: 'annotation',
      path: 'metadata.annotations',
      value: given,
    })
  }
  return { mode, annotation, decisions }
}

/** Formats whose servers spoke v2 from the start. */
const v2Frameworks: readonly string[] = ['triton', 'onnx', 'huggingface']
const v2Formats: readonly string[] = ['triton', 'vLLM']

function effectivePredictor(predictor: PredictorSpec, mode: Mode, resources: ResourceDefaults): PredictorSpec {
  if (mode === 'ModelMesh') return predictor
  const read = frameworkModel(predictor)
  return read.model ? read : withServerContainer(read, resources)
}

/** The predictor in the newer form, with the protocol that its format implies. */
export function frameworkModel(predictor: PredictorSpec): PredictorSpec {
  const framework = frameworks.find((name) => predictor[name] !== undefined)
  const read = framework ? readFramework(predictor, framework) : predictor
  const { model } = read
  const needsV2 = model && model.protocolVersion === undefined && v2Formats.includes(model.modelFormat?.name ?? '')
  return needsV2 ? { ...read, model: { ...model, protocolVersion: 'v2' } } : read
}

/** `sklearn: {…}` is `model: {modelFormat: {name: sklearn}, …}`. */
function readFramework(predictor: PredictorSpec, framework: Framework): PredictorSpec {
  const { [framework]: server, ...rest } = predictor
  const protocol =
    server?.protocolVersion === undefined && v2Frameworks.includes(framework) ? { protocolVersion: 'v2' } : {}
  const model: ModelSpec = { ...server, ...protocol, modelFormat: { name: framework } }
  return { ...rest, model }
}

type Custom = Pick<PredictorSpec, 'containers'>

/**
 * The server among a custom pod's containers: the one with the server's name, else the first that is no transformer, which
 * gets that name. The others keep names and places.
 */
function withServerContainer<T extends Custom>(component: T, resources: ResourceDefaults): T {
  const containers = component.containers
  if (!containers || containers.length === 0) return component
  const named = containers.findIndex((container) => container.name === containerNames.server)
  const first = containers.findIndex((container) => container.name !== containerNames.transformer)
  const server = named >= 0 ? named : Math.max(first, 0)
  return {
    ...component,
    containers: containers.map((container, index) =>
      index === server ? withResources({ ...container, name: containerNames.server }, resources) : container,
    ),
  }
}

type Explainer = NonNullable<InferenceServiceSpec['explainer']>

function effectiveExplainer(explainer: Explainer, resources: ResourceDefaults): Explainer {
  if (!explainer.art) return withServerContainer(explainer, resources)
  return { ...explainer, art: withResources(explainer.art, resources) }
}
