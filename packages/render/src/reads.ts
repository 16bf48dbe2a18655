import type { ComponentSpec, InferenceGraphSpec, InferenceServiceSpec, TrainedModelSpec } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { secretNames } from './credentials/service-account-credentials.ts'
import { storageSecretName } from './credentials/storage-config.ts'
import type { Gathered, Read } from './gathered.ts'
import type { RenderInput } from './seam.ts'
import type { Settings } from './settings.ts'
import { globalCaBundle } from './pod/init-container.ts'
import { readPredictor } from './service/read-predictor.ts'
import { isMultiModel } from './service/plan-predictor.ts'
import { type World, worldOf } from './world.ts'

const serving = 'serving.kserve.io'

export type ReadsInput = Pick<RenderInput, 'service' | 'world' | 'config' | 'controllerNamespace'>

/**
 * What is to be gathered, as far as the world so far tells: service → runtimes and service accounts → Secrets. Call it
 * again with the grown world until it asks for nothing that was not asked for before (three rounds at most).
 */
export function reads(input: ReadsInput): readonly Read[] {
  const world = worldOf(input.world)
  if (input.service.kind === 'InferenceGraph') return graphReads(input.service)
  if (input.service.kind === 'TrainedModel') return trainedModelReads(input.service)
  return unique([...serviceReads(input, world)])
}

/** Nothing yet: what `reads` starts from. */
export const emptyWorld: Gathered = { objects: [], secrets: [] }

function serviceReads(input: ReadsInput, world: World): Read[] {
  const { service, config } = input
  const spec = service['spec'] as InferenceServiceSpec
  const namespace = service.metadata.namespace ?? ''
  const annotations = service.metadata.annotations ?? {}
  const predictor = readPredictor(spec.predictor)
  const components = [spec.predictor, spec.transformer, spec.explainer, ...(spec.canary ?? []).map((c) => c.predictor)]
  const accounts = new Set(components.flatMap((component) => (component ? accountsOf(component) : [])))
  const result: Read[] = [
    { group: serving, kind: 'ServingRuntime', namespace },
    { group: serving, kind: 'ClusterServingRuntime' },
    { group: serving, kind: 'ClusterStorageContainer' },
  ]
  for (const name of accounts) result.push({ group: '', kind: 'ServiceAccount', namespace, name })
  for (const name of accounts) {
    const account = world.find('ServiceAccount', name, namespace)
    if (!account) continue
    for (const secret of secretNames(account, annotations, config.credentials))
      result.push(secretRead(namespace, secret))
  }
  if (predictor.model?.storage) result.push(secretRead(namespace, storageSecretName(annotations, config.credentials)))
  if (isMultiModel(predictor)) result.push({ group: serving, kind: 'TrainedModel', namespace })
  return [...result, ...configurationReads(config, namespace, input.controllerNamespace)]
}

function configurationReads(config: Settings, namespace: string, controllerNamespace: string): Read[] {
  const bundle = config.storageInitializer.caBundleConfigMapName
  return [
    ...(config.localModel.enabled
      ? [
          { group: serving, kind: 'LocalModelNamespaceCache', namespace },
          { group: serving, kind: 'LocalModelCache' },
        ]
      : []),
    ...(bundle
      ? [
          { group: '', kind: 'ConfigMap', namespace: controllerNamespace, name: bundle },
          // Ours, but no service's own: whoever needs it looks when it changes.
          { group: '', kind: 'ConfigMap', namespace, name: globalCaBundle },
        ]
      : []),
  ]
}

function accountsOf(component: ComponentSpec): readonly string[] {
  const store = component.logger?.storage
  return [component.serviceAccountName || 'default', ...(store ? [store.serviceAccountName || 'logger-sa'] : [])]
}

function secretRead(namespace: string, name: string): Read {
  return { group: '', kind: 'Secret', namespace, name }
}

function graphReads(graph: KubeObject): Read[] {
  const namespace = graph.metadata.namespace ?? ''
  const { nodes } = graph['spec'] as InferenceGraphSpec
  const names = Object.values(nodes).flatMap((node) =>
    (node.steps ?? []).flatMap(({ serviceName }) => serviceName ?? []),
  )
  return unique([
    ...names.map((name) => ({ group: serving, kind: 'InferenceService', namespace, name })),
    { group: serving, kind: 'ServingRuntime', namespace },
    { group: serving, kind: 'ClusterServingRuntime' },
  ])
}

function trainedModelReads(model: KubeObject): Read[] {
  const namespace = model.metadata.namespace ?? ''
  const { inferenceService } = model['spec'] as TrainedModelSpec
  return [
    { group: serving, kind: 'InferenceService', namespace, name: inferenceService },
    { group: serving, kind: 'TrainedModel', namespace },
    { group: serving, kind: 'ServingRuntime', namespace },
    { group: serving, kind: 'ClusterServingRuntime' },
  ]
}

function unique(all: readonly Read[]): Read[] {
  return [...new Map(all.map((read) => [JSON.stringify(read), read])).values()]
}
