import { clusterStorageContainer } from './cluster-storage-container.ts'
import { inferenceGraph } from './inference-graph.ts'
import { inferenceService } from './inference-service.ts'
import { group, type KindSource, storageVersion } from './kind-source.ts'
import { localModelCache, localModelNamespaceCache, localModelNode, localModelNodeGroup } from './local-model.ts'
import { clusterServingRuntime, servingRuntime } from './serving-runtime.ts'
import { trainedModel } from './trained-model.ts'

/** Every kind of ours, in the order in which they are listed everywhere. */
export const kinds: readonly KindSource[] = [
  inferenceService,
  servingRuntime,
  clusterServingRuntime,
  clusterStorageContainer,
  inferenceGraph,
  trainedModel,
  localModelCache,
  localModelNamespaceCache,
  localModelNode,
  localModelNodeGroup,
]

/** Kinds of our group that KServe installs and Millrace neither brings nor serves. */
export const kindsOfKServe: readonly string[] = ['LLMInferenceService', 'LLMInferenceServiceConfig']

/** What the Kubernetes client needs to address a kind. Of the same shape as its own `Resource`. */
export interface ResourceName {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

/** The kind called `kind`, or undefined if it isn't ours. */
export function findKind(kind: string): KindSource | undefined {
  return kinds.find((source) => source.kind === kind)
}

/** Whether an object is written in a version that is served only where previews are wanted. */
export function isPreview({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): boolean {
  const version = findKind(kind)?.versions.find(({ name }) => apiVersion === `${group}/${name}`)
  return version?.isPreview === true
}

function resourceName(source: KindSource): ResourceName {
  const { kind, plural, namespaced } = source
  return { group, version: storageVersion(source).name, plural, kind, namespaced }
}

/** The kinds at their storage versions, for the client. */
export const resources = {
  inferenceServices: resourceName(inferenceService),
  servingRuntimes: resourceName(servingRuntime),
  clusterServingRuntimes: resourceName(clusterServingRuntime),
  clusterStorageContainers: resourceName(clusterStorageContainer),
  inferenceGraphs: resourceName(inferenceGraph),
  trainedModels: resourceName(trainedModel),
  localModelCaches: resourceName(localModelCache),
  localModelNamespaceCaches: resourceName(localModelNamespaceCache),
  localModelNodes: resourceName(localModelNode),
  localModelNodeGroups: resourceName(localModelNodeGroup),
} as const
