import { art } from '../schema/art.ts'
import { canary } from '../schema/canary.ts'
import { componentAndPodFields } from '../schema/component.ts'
import { explainerForm, hostName, inlinePod, predictorForm, transformerForm } from '../schema/form-rules.ts'
import { frameworks, legacyFramework, model } from '../schema/model.ts'
import { wholePodFields } from '../schema/pod.ts'
import { predictorNames } from '../schema/predictor.ts'
import { but, type Infer, object } from '../schema/schema.ts'
import { minOverMax } from '../schema/scaling.ts'
import { serviceStatus as status } from '../schema/service-status.ts'
import { serviceParallelSizes } from '../schema/worker.ts'
import { inferenceServiceV1 } from './inference-service-v1.ts'
import { ageColumn, type KindSource, type PrinterColumn, readyColumn, urlColumn } from './kind-source.ts'
import type { ServingObject } from './object-meta.ts'

const workerSpec = but(
  object("The worker pods of a model that runs on several nodes. The predictor's own pod is the head.", {
    ...wholePodFields,
    ...serviceParallelSizes,
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
  ...predictorNames,
}

const predictorRules = [minOverMax, predictorForm(inlinePod, ['model', ...frameworks], 'modelFormat')]

const predictor = but(
  object(
    'The model server. Set exactly one of `model`, a framework of the older form, or `containers`.',
    predictorFields,
  ),
  { rules: predictorRules },
)

const canaryPredictor = but(
  object("The canary's predictor, written in full.", {
    ...predictorFields,
    ephemeralContainers: wholePodFields.ephemeralContainers,
  }),
  { inCrd: 'open', rules: predictorRules },
)

const explainer = but(
  object('Explains predictions. Set exactly one of `art` and `containers`.', { ...componentAndPodFields, art }),
  { rules: [minOverMax, explainerForm(inlinePod)] },
)

const transformer = but(
  object('Changes requests before the predictor and responses after it. A pod of your own.', componentAndPodFields),
  { rules: [minOverMax, transformerForm(inlinePod)] },
)

export const deploymentModes = ['Standard', 'Knative'] as const
/** Where a service's pods come from: Deployments, or Knative Services. Older spellings end in `parseDeploymentMode`. */
export type DeploymentMode = (typeof deploymentModes)[number]

const spec = object('What to serve.', { predictor, transformer, explainer, canary: canary(canaryPredictor) }, [
  'predictor',
])

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
      rules: [hostName],
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
    inferenceServiceV1,
  ],
}

function trafficColumn(name: string, type: 'integer' | 'string', filter: string, field: string): PrinterColumn {
  return { name, type, jsonPath: `.status.components.predictor.traffic[?(${filter})].${field}` }
}
