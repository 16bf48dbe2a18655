import type { KubeObject } from '@millrace/kube'
import { modelConfigName } from '../names.ts'
import type { Plan } from '../plan.ts'
import type { World } from '../world.ts'
import { child } from './child.ts'

/** The list of models of a multi-model server, as its agent reads it: those of the TrainedModels that name the service. */
export function modelConfig(plan: Plan, world: World): KubeObject {
  const { owner } = plan
  const models = world.list('TrainedModel', owner.namespace).filter((model) => {
    const spec = Object(model['spec'])
    return spec.inferenceService === owner.name && !model.metadata.deletionTimestamp
  })
  const entries = models.map((model) => {
    const { storageUri, framework, memory } = Object(Object(model['spec']).model)
    return { modelName: model.metadata.name, modelSpec: { storageUri, framework, memory } }
  })
  return child(
    owner,
    'v1',
    'ConfigMap',
    { name: modelConfigName(owner.name), labels: owner.labels },
    {
      data: { 'models.json': JSON.stringify(entries) },
    },
  )
}
