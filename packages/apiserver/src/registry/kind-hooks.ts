import type { KubeObject } from '@millrace/kube'
import type { ServedResource } from './served-resource.ts'

/** What single kinds do on top of the common rules, because it needs more than the object: cluster IPs, namespaces, CRDs. */
export interface KindHook {
  /** Completes an object about to be created. May throw a refusal. */
  readonly beforeCreate?: (object: KubeObject) => KubeObject | Promise<KubeObject>
  readonly beforeUpdate?: (object: KubeObject, old: KubeObject, subresource: string) => KubeObject | Promise<KubeObject>
  /** False while something besides metadata.finalizers keeps a deleted object (a namespace's content). */
  readonly mayDisappear?: (object: KubeObject) => boolean
  /** Changes an object when its deletion begins. */
  readonly onDelete?: (object: KubeObject, old: KubeObject) => KubeObject
}

export interface KindHooks {
  beforeCreate(resource: ServedResource, object: KubeObject): Promise<KubeObject>
  beforeUpdate(resource: ServedResource, object: KubeObject, old: KubeObject, subresource: string): Promise<KubeObject>
  mayDisappear(resource: ServedResource, object: KubeObject): boolean
  onDelete(resource: ServedResource, object: KubeObject, old: KubeObject): KubeObject
}

/** `hooks` by bucket: `services`, `customresourcedefinitions.apiextensions.k8s.io`. */
export function createKindHooks(hooks: ReadonlyMap<string, KindHook>): KindHooks {
  return {
    beforeCreate: async ({ bucket }, object) => (await hooks.get(bucket)?.beforeCreate?.(object)) ?? object,
    beforeUpdate: async ({ bucket }, object, old, subresource) =>
      (await hooks.get(bucket)?.beforeUpdate?.(object, old, subresource)) ?? object,
    mayDisappear: ({ bucket }, object) => hooks.get(bucket)?.mayDisappear?.(object) ?? true,
    onDelete: ({ bucket }, object, old) => hooks.get(bucket)?.onDelete?.(object, old) ?? object,
  }
}
