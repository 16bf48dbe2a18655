import { quantityValue } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { containerNames } from '../keys.ts'
import { modelConfigName } from '../names.ts'
import type { Plan } from '../plan.ts'
import type { World } from '../world.ts'
import { child } from './child.ts'

/** The list of models of a multi-model server, as its agent reads it: those of the TrainedModels that name the service. */
export function modelConfig(plan: Plan, world: World): KubeObject {
  const { owner } = plan
  const models = fittingModels(plan, world)
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

/** Models for which the server has memory, oldest first: one too many must not take the others down. */
function fittingModels(plan: Plan, world: World): readonly KubeObject[] {
  const { owner, workloads } = plan
  const predictor = workloads.find((workload) => workload.component === 'predictor')
  const server = predictor?.pod.containers.find((container) => container.name === containerNames.server)
  let left = quantityValue(server?.resources?.limits?.['memory']) ?? 0
  const own = world
    .list('TrainedModel', owner.namespace)
    .filter((model) => Object(model['spec']).inferenceService === owner.name && !model.metadata.deletionTimestamp)
  return [...own].sort(byAge).filter((model) => {
    const wanted = quantityValue(Object(Object(model['spec']).model).memory) ?? 0
    if (wanted > left) return false
    left -= wanted
    return true
  })
}

function byAge(a: KubeObject, b: KubeObject): number {
  const [first, second] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  if (first !== second) return first < second ? -1 : 1
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}
