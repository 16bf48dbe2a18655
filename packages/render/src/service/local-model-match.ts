import type { LocalModelCacheSpec, PredictorSpec } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { internalKeys, labelKeys, userKeys } from '../keys.ts'
import type { StringMap } from '../pod/shape.ts'
import type { World } from '../world.ts'
import { sourceUri } from './source-uri.ts'

export interface LocalModelMetadata {
  readonly labels: StringMap
  readonly annotations: StringMap
}

const none: LocalModelMetadata = { labels: {}, annotations: {} }

/**
 * Labels and annotations of a service whose model is cached on nodes. A cache of the service's own namespace wins over one
 * of the cluster; the node group is the annotation's, else the cache's first.
 */
export function localModelMetadata(
  predictor: PredictorSpec,
  namespace: string,
  annotations: StringMap,
  input: { readonly usesLocalModels: boolean; readonly world: World },
): LocalModelMetadata {
  const uri = sourceUri(predictor)
  if (!input.usesLocalModels || uri === undefined || userKeys.disableLocalModel in annotations) return none
  const caches = [...input.world.list('LocalModelNamespaceCache', namespace), ...input.world.list('LocalModelCache')]
  for (const cache of caches) {
    const group = matchingGroup(cache, uri, annotations[userKeys.nodeGroup])
    if (group !== undefined) return metadataOf(cache, group)
  }
  return none
}

function matchingGroup(cache: KubeObject, uri: string, wanted: string | undefined): string | undefined {
  const spec = cache['spec'] as LocalModelCacheSpec
  if (!isInside(uri, spec.sourceModelUri)) return undefined
  if (wanted === undefined) return spec.nodeGroups[0]
  return spec.nodeGroups.includes(wanted) ? wanted : undefined
}

function metadataOf(cache: KubeObject, group: string): LocalModelMetadata {
  const name = cache.metadata.name ?? ''
  const { namespace } = cache.metadata
  return {
    labels: {
      [labelKeys.localModel]: name,
      ...(namespace ? { [labelKeys.localModelNamespace]: namespace } : {}),
    },
    annotations: {
      [internalKeys.localModelSourceUri]: (cache['spec'] as LocalModelCacheSpec).sourceModelUri,
      [internalKeys.localModelPvcName]: `${name}-${group}`,
    },
  }
}

/** Whether a URI is the cached one or something inside it. */
function isInside(uri: string, cached: string): boolean {
  const outer = cached.replace(/\/$/, '')
  const inner = uri.replace(/\/$/, '')
  return inner === outer || inner.startsWith(`${outer}/`)
}
