import { quantityValue } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'

/**
 * The TrainedModels of a service for which its server has memory, oldest first: one too many must not take the others down.
 * Those that are being deleted need none.
 */
export function fittingModels(
  models: readonly KubeObject[],
  service: string,
  limitBytes: number,
): readonly KubeObject[] {
  let left = limitBytes
  return models
    .filter((model) => Object(model['spec']).inferenceService === service && !model.metadata.deletionTimestamp)
    .sort(byAge)
    .filter((model) => {
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
