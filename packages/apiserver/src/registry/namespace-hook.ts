import type { KubeObject } from '@millrace/kube'
import { forbidden } from '../http/api-error.ts'
import type { KindHook } from './kind-hooks.ts'

const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public'])
const nameLabel = 'kubernetes.io/metadata.name'

interface Namespace extends KubeObject {
  readonly spec?: { readonly finalizers?: readonly string[] }
}

/** Namespaces end only when their content has gone: `spec.finalizers` says so. */
export const namespaceHook: KindHook = {
  beforeCreate: (object) => ({
    ...withNameLabel(object),
    status: { phase: 'Active' },
  }),
  beforeUpdate: (object, old, subresource) => {
    if (subresource === 'finalize') return object
    return { ...withNameLabel(object), spec: (old as Namespace).spec }
  },
  mayDisappear: (object) => ((object as Namespace).spec?.finalizers?.length ?? 0) === 0,
  onDelete: (object) => {
    const name = object.metadata.name ?? ''
    if (immortal.has(name)) {
      throw forbidden({ group: '', plural: 'namespaces' }, name, 'this namespace may not be deleted')
    }
    const { deletionGracePeriodSeconds: _, ...metadata } = object.metadata
    return { ...object, metadata, status: { ...(object['status'] as object), phase: 'Terminating' } }
  },
}

function withNameLabel(object: KubeObject): KubeObject {
  const labels = { ...object.metadata.labels, [nameLabel]: object.metadata.name ?? '' }
  return { ...object, metadata: { ...object.metadata, labels } }
}
