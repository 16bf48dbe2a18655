import type { KubeObject } from '@millrace/kube'
import type { Owner } from '../plan.ts'
import type { StringMap } from '../pod/shape.ts'

export interface ChildMeta {
  readonly name: string
  readonly labels?: StringMap
  readonly annotations?: StringMap
}

/** An object that belongs to the owner and goes with it. Empty maps are left out. */
export function child(owner: Owner, apiVersion: string, kind: string, meta: ChildMeta, fields: object): KubeObject {
  const { labels = {}, annotations = {} } = meta
  return {
    apiVersion,
    kind,
    metadata: {
      name: meta.name,
      namespace: owner.namespace,
      ...(Object.keys(labels).length > 0 ? { labels: { ...labels } } : {}),
      ...(Object.keys(annotations).length > 0 ? { annotations: { ...annotations } } : {}),
      ownerReferences: [
        {
          apiVersion: owner.apiVersion,
          kind: owner.kind,
          name: owner.name,
          uid: owner.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    ...fields,
  }
}
