import { agentScheme, modelPathName, sameMemory } from '../schema/trained-model-rules.ts'
import { but, type Infer, object, quantity, text } from '../schema/schema.ts'
import { address, statusFields } from '../schema/status.ts'
import { storageUri } from '../schema/storage.ts'
import { ageColumn, type KindSource, readyColumn, urlColumn } from './kind-source.ts'
import type { ServingObject } from './object-meta.ts'

const spec = object(
  'A model to load into a running service.',
  {
    inferenceService: text('The InferenceService, of the same namespace, whose server loads it.'),
    model: object(
      'The model.',
      {
        framework: text('Its format, such as `sklearn`. The server must read it.'),
        memory: quantity('Memory to reserve for it. Cannot be changed later.', { rules: [sameMemory] }),
        storageUri: but(storageUri, { rules: [agentScheme] }),
      },
      ['framework', 'memory', 'storageUri'],
    ),
  },
  ['inferenceService', 'model'],
)

const status = object('What is served.', { ...statusFields, url: text('Where to send requests.'), address })

export interface TrainedModelSpec extends Infer<typeof spec> {}
export interface TrainedModelStatus extends Infer<typeof status> {}
export type TrainedModel = ServingObject<'TrainedModel', 'v1alpha1', TrainedModelSpec, TrainedModelStatus>

export const trainedModel: KindSource = {
  kind: 'TrainedModel',
  plural: 'trainedmodels',
  singular: 'trainedmodel',
  shortNames: ['tm'],
  categories: ['kserve'],
  namespaced: true,
  installGroup: 'multi-model',
  description: 'One of many models that share the server of an InferenceService.',
  versions: [
    {
      name: 'v1alpha1',
      served: true,
      storage: true,
      fields: { spec, status },
      required: ['spec'],
      rules: [modelPathName],
      statusSubresource: true,
      printerColumns: [urlColumn, readyColumn, ageColumn],
    },
  ],
}
