import type { InferenceServiceSpec } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { isInternal } from '../../src/exposure/exposure.ts'
import { knativeKeys, userKeys } from '../../src/keys.ts'
import { componentName, predictorName } from '../../src/names.ts'
import { isStopped } from '../../src/service/effective-service.ts'
import type { MemoryCluster } from './memory-cluster.ts'
import { optionalComponents, ownerOf, serviceOf } from './owners.ts'

/** Whether nothing asks any more for an object that was made before. */
export function isLeftBehind(object: KubeObject, cluster: MemoryCluster): boolean {
  const owner = serviceOf(cluster, ownerOf(object))
  if (!owner) return true
  const { name = '', labels = {}, annotations = {} } = owner.metadata
  if (owner.kind === 'InferenceGraph') return isStopped(annotations)
  if (object.kind === 'OpenTelemetryCollector') return true
  if (object.kind === 'ScaledObject' && annotations[userKeys.autoscalerClass] !== 'keda') return true
  const isRoute = ['Ingress', 'HTTPRoute', 'VirtualService'].includes(object.kind)
  const isLocal = isInternal(labels, cluster.config.ingress) || labels[knativeKeys.visibility] !== undefined
  if (isRoute && isLocal) return true
  const { predictor, canary = [], ...others } = owner['spec'] as InferenceServiceSpec
  const variants = [predictor.name, ...canary.map((each) => each.predictor.name)]
  const components = optionalComponents.filter((component) => component in others)
  const names = [
    ...variants.map((variant) => predictorName(name, variant)),
    ...components.map((component) => componentName(name, component)),
  ]
  const routes = isRoute ? [predictorName(name)] : []
  return ![name, ...names, ...routes].includes(object.metadata.name ?? '')
}
