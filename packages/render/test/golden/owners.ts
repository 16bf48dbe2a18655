import type { KubeObject } from '@millrace/kube'
import type { ComponentName } from '../../src/names.ts'
import type { MemoryCluster } from './memory-cluster.ts'

/** Whom an object belongs to, as `InferenceService/iris`; our own kinds belong to themselves. */
export function ownerOf(object: KubeObject): string {
  const owner = object.metadata.ownerReferences?.[0]
  return owner ? `${owner.kind}/${owner.name}` : `${object.kind}/${object.metadata.name}`
}

export function serviceOf(cluster: MemoryCluster, id: string): KubeObject | undefined {
  return cluster.objects.find(({ kind, metadata }) => `${kind}/${metadata.name}` === id)
}

/** Components that a service may have beside its predictor. */
export const optionalComponents: readonly ComponentName[] = ['transformer', 'explainer']
