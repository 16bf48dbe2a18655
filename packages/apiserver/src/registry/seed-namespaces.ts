import type { KubeObject } from '@millrace/kube'
import { StoreError } from '../store/store.ts'
import { type Platform, timestamp } from './platform.ts'
import { withRevision } from './store-object.ts'

const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const

/** Makes the namespaces every cluster starts with. */
export async function seedNamespaces(platform: Platform): Promise<void> {
  const missing = systemNamespaces.filter((name) => !platform.store.get('namespaces', name))
  if (missing.length === 0) return
  const operations = missing.map((name) => ({
    kind: 'put' as const,
    bucket: 'namespaces',
    key: name,
    expected: 0,
    encode: (revision: number) => JSON.stringify(withRevision(namespace(platform, name), revision)),
  }))
  try {
    await platform.store.commit(operations)
  } catch (error) {
    throw new StoreError('Unavailable', `the first namespaces could not be written: ${String(error)}`, { cause: error })
  }
}

function namespace(platform: Platform, name: string): KubeObject {
  return {
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: {
      name,
      uid: platform.newUid(),
      creationTimestamp: timestamp(platform.now()),
      labels: { 'kubernetes.io/metadata.name': name },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }
}
