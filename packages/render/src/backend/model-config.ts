import { quantityValue } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { containerNames } from '../keys.ts'
import { modelConfigName } from '../names.ts'
import type { Plan } from '../plan.ts'
import { fittingModels } from '../service/fitting-models.ts'
import type { World } from '../world.ts'
import { child } from './child.ts'

/** The list of models of a multi-model server, as its agent reads it: those of the TrainedModels that name the service. */
export function modelConfig(plan: Plan, world: World): KubeObject {
  const { owner } = plan
  const models = fittingModels(world.list('TrainedModel', owner.namespace), owner.name, memoryLimit(plan))
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

function memoryLimit({ workloads }: Plan): number {
  const predictor = workloads.find((workload) => workload.component === 'predictor')
  const server = predictor?.pod.containers.find((container) => container.name === containerNames.server)
  return quantityValue(server?.resources?.limits?.['memory']) ?? 0
}
