import { componentAndPodFields } from '../schema/component.ts'
import { legacyFramework, model, modelServerFields } from '../schema/model.ts'
import { wholePodFields } from '../schema/pod.ts'
import { but, flag, type Infer, int32, integer, list, object, text, textMap } from '../schema/schema.ts'
import { address, componentStatuses, modelStatus, statusFields } from '../schema/status.ts'
import { ageColumn, type KindSource, type PrinterColumn, readyColumn, urlColumn } from './kind-source.ts'
import type { ServingObject } from './object-meta.ts'

const workerSpec = but(
  object("The worker pods of a model that runs on several nodes. The predictor's own pod is the head.", {
    ...wholePodFields,
    pipelineParallelSize: integer("How many nodes the model's layers are spread over, head included."),
    tensorParallelSize: integer('How many devices of one node share each layer.'),
  }),
  { inCrd: 'own' },
)

const predictorFields = {
  ...componentAndPodFields,
  model,
  sklearn: legacyFramework('sklearn'),
  xgboost: legacyFramework('xgboost'),
  tensorflow: legacyFramework('tensorflow'),
  pytorch: legacyFramework('pytorch'),
  triton: legacyFramework('triton'),
  onnx: legacyFramework('onnx'),
  huggingface: legacyFramework('huggingface'),
  pmml: legacyFramework('pmml'),
  lightgbm: legacyFramework('lightgbm'),
  paddle: legacyFramework('paddle'),
  workerSpec,
  name: text("Name of this predictor among its canaries. Unset: made from the service's name.", {
    pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
    patternMeans: 'must be lower-case letters, digits and "-", beginning with a letter and not ending with "-"',
  }),
  storageContainerName: text(
    'Name of the ClusterStorageContainer that fetches the model, instead of the first that fits.',
  ),
}

const predictor = object(
  'The model server. Set exactly one of `model`, a framework of the older form, or `containers`.',
  predictorFields,
)

const canaryPredictor = but(
  object("The canary's predictor, written in full.", {
    ...predictorFields,
    ephemeralContainers: wholePodFields.ephemeralContainers,
  }),
  { inCrd: 'open' },
)

const { confidential: _confidential, protocolVersion: _protocol, ...artServerFields } = modelServerFields

const art = object('Explains predictions with the Adversarial Robustness Toolbox.', {
  ...artServerFields,
  type: text('The explainer, such as `SquareAttack`.'),
  config: textMap('Settings of the explainer.'),
})

const explainer = object('Explains predictions. Set exactly one of `art` and `containers`.', {
  ...componentAndPodFields,
  art,
})

const transformer = object(
  'Changes requests before the predictor and responses after it. A pod of your own.',
  componentAndPodFields,
)

export const deploymentModes = ['Standard', 'Knative'] as const
/** Where a service's pods come from: Deployments, or Knative Services. Older spellings end in `parseDeploymentMode`. */
export type DeploymentMode = (typeof deploymentModes)[number]

const spec = object(
  'What to serve.',
  {
    predictor,
    transformer,
    explainer,
    canary: list(
      'Other predictors that get a share of the traffic, each with pods of its own. Standard mode only.',
      object(
        'One canary.',
        {
          predictor: canaryPredictor,
          trafficPercent: int32('Percent of the traffic that it gets.', { minimum: 0, maximum: 100 }),
        },
        ['predictor', 'trafficPercent'],
      ),
      { listType: 'atomic' },
    ),
  },
  ['predictor'],
)

const status = but(
  object('What is served.', {
    ...statusFields,
    url: text('Where to send requests.'),
    address,
    components: componentStatuses,
    modelStatus,
    deploymentMode: text('Standard or Knative.'),
    servingRuntimeName: text('The ServingRuntime in use.'),
    clusterServingRuntimeName: text('The ClusterServingRuntime in use.'),
    canaryStatuses: list(
      'The canaries.',
      object(
        'One canary.',
        {
          name: text('Name of its predictor.'),
          ready: flag('Whether it takes requests.'),
          trafficPercent: int32('The share of the traffic that it gets.'),
          modelStatus,
        },
        ['name', 'ready', 'trafficPercent'],
      ),
      { listType: 'atomic' },
    ),
  }),
  { open: true },
)

export interface PredictorSpec extends Infer<typeof predictor> {}
export interface ExplainerSpec extends Infer<typeof explainer> {}
export interface TransformerSpec extends Infer<typeof transformer> {}
export interface WorkerSpec extends Infer<typeof workerSpec> {}
export interface ModelSpec extends Infer<typeof model> {}
export interface ArtExplainerSpec extends Infer<typeof art> {}
/** The fields that every component has. A PredictorSpec, TransformerSpec or ExplainerSpec is one of these. */
export interface ComponentSpec extends TransformerSpec {}
/** The fields of a predictor in the older, per-framework form. */
export interface FrameworkSpec extends Infer<ReturnType<typeof legacyFramework>> {}
export interface InferenceServiceSpec extends Infer<typeof spec> {}
export interface InferenceServiceStatus extends Infer<typeof status> {}
export type CanarySpec = NonNullable<InferenceServiceSpec['canary']>[number]
export type CanaryStatus = NonNullable<InferenceServiceStatus['canaryStatuses']>[number]

export type InferenceService = ServingObject<
  'InferenceService',
  'v1beta1',
  InferenceServiceSpec,
  InferenceServiceStatus
>

export const inferenceService: KindSource = {
  kind: 'InferenceService',
  plural: 'inferenceservices',
  singular: 'inferenceservice',
  shortNames: ['isvc'],
  categories: ['kserve'],
  namespaced: true,
  installGroup: 'core',
  description:
    'A model that answers requests: a predictor, and if wanted a transformer before it and an explainer beside it.',
  versions: [
    {
      name: 'v1beta1',
      served: true,
      storage: true,
      fields: { spec, status },
      required: ['spec'],
      statusSubresource: true,
      printerColumns: [
        urlColumn,
        readyColumn,
        trafficColumn('Prev', 'integer', "@.tag=='prev'", 'percent'),
        trafficColumn('Latest', 'integer', '@.latestRevision==true', 'percent'),
        trafficColumn('PrevRolledoutRevision', 'string', "@.tag=='prev'", 'revisionName'),
        trafficColumn('LatestReadyRevision', 'string', '@.latestRevision==true', 'revisionName'),
        ageColumn,
      ],
    },
  ],
}

function trafficColumn(name: string, type: 'integer' | 'string', filter: string, field: string): PrinterColumn {
  return { name, type, jsonPath: `.status.components.predictor.traffic[?(${filter})].${field}` }
}
