import type { KubeObject } from '@millrace/kube'
import type { Operation } from '../store/store.ts'
import { type Platform, timestamp } from './platform.ts'
import { withRevision } from './store-object.ts'

const group = 'rbac.authorization.k8s.io'
const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' } as const
const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' } as const

/** Makes the role that bindings of administrators name, as every cluster has it. */
export async function seedClusterAdmin({ store, newUid, now }: Platform): Promise<void> {
  const object = (kind: string, more: object): KubeObject => ({
    kind,
    apiVersion: `${group}/v1`,
    metadata: { name: 'cluster-admin', uid: newUid(), creationTimestamp: timestamp(now()), labels, annotations },
    ...more,
  })
  const put = (bucket: string, stored: KubeObject): readonly Operation[] => {
    if (store.get(bucket, 'cluster-admin')) return []
    const encode = (revision: number): string => JSON.stringify(withRevision(stored, revision))
    return [{ kind: 'put', bucket, key: 'cluster-admin', expected: 0, encode }]
  }
  const rules = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ]
  const roleRef = { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' }
  const subjects = [{ apiGroup: group, kind: 'Group', name: 'system:masters' }]
  const operations = [
    ...put(`clusterroles.${group}`, object('ClusterRole', { rules })),
    ...put(`clusterrolebindings.${group}`, object('ClusterRoleBinding', { roleRef, subjects })),
  ]
  if (operations.length > 0) await store.commit(operations)
}
