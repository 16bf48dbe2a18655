import type { KubeObject } from '@millrace/kube'
import { StoreError } from '../store/store.ts'
import { type Platform, timestamp } from './platform.ts'
import { withRevision } from './store-object.ts'

export interface DefaultAccounts {
  close(): Promise<void>
}

const bucket = 'serviceaccounts'

/** Every namespace has a ServiceAccount `default`, which pods run as unless they name another one. */
export function keepDefaultAccounts(platform: Platform): DefaultAccounts {
  const { store } = platform
  const work = new Set<Promise<void>>()
  const ensure = (namespace: string, text: string): void => {
    const { metadata } = JSON.parse(text) as KubeObject
    if (metadata.deletionTimestamp || store.get(bucket, `${namespace}/default`)) return
    const task = create(platform, namespace).finally(() => work.delete(task))
    work.add(task)
  }
  for (const { key, value } of store.list('namespaces').entries) ensure(key, value)
  const handle = store.watch('namespaces', store.revision, ({ type, entry }) => {
    if (type === 'ADDED') ensure(entry.key, entry.value)
  })
  return {
    close: async () => {
      handle.close()
      await Promise.all(work)
    },
  }
}

async function create({ store, newUid, now, log }: Platform, namespace: string): Promise<void> {
  const account: KubeObject = {
    kind: 'ServiceAccount',
    apiVersion: 'v1',
    metadata: { name: 'default', namespace, uid: newUid(), creationTimestamp: timestamp(now()) },
  }
  const encode = (revision: number): string => JSON.stringify(withRevision(account, revision))
  try {
    await store.commit([{ kind: 'put', bucket, key: `${namespace}/default`, expected: 0, encode }])
  } catch (error) {
    if (error instanceof StoreError && (error.code === 'Conflict' || error.code === 'Closed')) return
    log.error('the default service account could not be written', { namespace, error: String(error) })
  }
}
