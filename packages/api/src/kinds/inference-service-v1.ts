import { art } from '../schema/art.ts'
import { batcherV1 } from '../schema/batching.ts'
import { canary } from '../schema/canary.ts'
import { componentFields } from '../schema/component.ts'
import { explainerForm, hostName, predictorForm, templatedPod, transformerForm } from '../schema/form-rules.ts'
import { confidentialSource, frameworks, modelFormat, modelServerFields, runtimeName } from '../schema/model.ts'
import { podFields, wholePodFields } from '../schema/pod.ts'
import { predictorNames } from '../schema/predictor.ts'
import { minOverMax } from '../schema/scaling.ts'
import { but, type Infer, object, type ObjectOf, oneOf, rule, type Schema } from '../schema/schema.ts'
import { serviceStatus as status } from '../schema/service-status.ts'
import { serviceParallelSizes } from '../schema/worker.ts'
import { ageColumn, readyColumn, urlColumn, type VersionSource } from './kind-source.ts'
import type { ServingObject } from './object-meta.ts'

/**
 * The preview of InferenceService v1: every field of v1beta1, each in one place of its own, under the names that Kubernetes
 * uses. Which went where is `inferenceServiceMoves`; docs/decisions says why.
 *
 * A block that holds moved fields is never empty: there is nothing in v1beta1 that would remember it.
 */
const filled = { minProperties: 1 }

type Fields = Readonly<Record<string, Schema<unknown>>>

function block<const F extends Fields>(description: string, fields: F): Schema<ObjectOf<F, never>> {
  return but(object(description, fields), filled)
}

const { minReplicas, maxReplicas, scaleMetric, scaleTarget, scaleMetricType, autoScaling } = componentFields

const scaling = but(
  block('How many replicas, and what decides it.', {
    minReplicas,
    maxReplicas,
    metric: scaleMetric,
    target: but(scaleTarget, { description: 'The value of `metric` to hold: percent for cpu, a number otherwise.' }),
    targetType: but(scaleMetricType, {
      description: 'How `target` is meant. Unset: Utilization for cpu and memory.',
    }),
    autoscaler: autoScaling,
  }),
  { rules: [minOverMax] },
)

const rollout = block('How a change of the pods comes about.', {
  strategy: componentFields.deploymentStrategy,
  canaryTrafficPercent: componentFields.canaryTrafficPercent,
})

function template<const F extends Fields>(pod: F) {
  return block('The pods, as in the template of a Deployment.', {
    metadata: block('What the pods carry.', {
      labels: componentFields.labels,
      annotations: componentFields.annotations,
    }),
    spec: block('A pod. All of its fields may be set.', pod),
  })
}

const ownFields = {
  scaling,
  rollout,
  timeoutSeconds: componentFields.timeout,
  containerConcurrency: componentFields.containerConcurrency,
  logger: componentFields.logger,
  batcher: batcherV1,
  storageUris: componentFields.storageUris,
}

const componentV1 = { ...ownFields, template: template(podFields) }

interface ModelForm {
  readonly framework?: string
  readonly format?: object
  readonly runtime?: string
}

const oneFormat = rule<ModelForm>({
  name: 'model-framework',
  cel: '!has(self.framework) || !(has(self.format) || has(self.runtime))',
  message: 'stands for format and runtime as the older form had them',
  advice: 'remove it, or remove format and runtime',
  field: 'framework',
  holds: ({ framework, format, runtime }) => framework === undefined || (format === undefined && runtime === undefined),
})

const model = but(
  object('The model, and which server runs it.', {
    ...modelServerFields,
    format: modelFormat,
    runtime: runtimeName,
    framework: oneOf(
      'In place of format, where v1beta1 has the older form such as `sklearn: {…}`: that format, with the protocol that form has. Write format in what is new.',
      frameworks,
    ),
  }),
  { rules: [confidentialSource, oneFormat] },
)

const workers = but(
  object("The worker pods of a model that runs on several nodes. The predictor's own pod is the head.", {
    ...serviceParallelSizes,
    template: block('The worker pods.', { spec: block('A pod. All of its fields may be set.', wholePodFields) }),
  }),
  { inCrd: 'own' },
)

const predictorFields = { ...ownFields, model, workers, ...predictorNames }
const predictorRules = [predictorForm(templatedPod, ['model'], 'format')]

const predictor = but(
  object('The model server. Set exactly one of `model` and `template.spec.containers`.', {
    ...predictorFields,
    template: template(podFields),
  }),
  { rules: predictorRules },
)

const canaryPredictor = but(
  object("The canary's predictor, written in full.", {
    ...predictorFields,
    template: template({ ...podFields, ephemeralContainers: wholePodFields.ephemeralContainers }),
  }),
  { inCrd: 'open', rules: predictorRules },
)

const explainer = but(
  object('Explains predictions. Set exactly one of `art` and `template.spec.containers`.', { ...componentV1, art }),
  { rules: [explainerForm(templatedPod)] },
)

const transformer = but(
  object('Changes requests before the predictor and responses after it. A pod of your own.', componentV1),
  { rules: [transformerForm(templatedPod)] },
)

const spec = object('What to serve.', { predictor, transformer, explainer, canaries: canary(canaryPredictor) }, [
  'predictor',
])

export interface InferenceServiceSpecV1 extends Infer<typeof spec> {}
export type InferenceServiceV1 = ServingObject<'InferenceService', 'v1', InferenceServiceSpecV1, Infer<typeof status>>

export const inferenceServiceV1: VersionSource = {
  name: 'v1',
  served: true,
  storage: false,
  isPreview: true,
  fields: { spec, status },
  required: ['spec'],
  rules: [hostName],
  statusSubresource: true,
  printerColumns: [
    urlColumn,
    readyColumn,
    { name: 'Mode', type: 'string', jsonPath: '.status.deploymentMode' },
    { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
    ageColumn,
  ],
}
