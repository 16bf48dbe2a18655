import type { KubeObject } from '@millrace/kube'
import { StoreError } from '../store/store.ts'
import type { Platform } from './platform.ts'
import { withRevision } from './store-object.ts'

const attemptsMax = 50

/**
 * The server's own change of a stored object, in its stored form, with neither admission nor validation. `change`
 * answers undefined when there is nothing to do and `'remove'` to delete. Retries while others write.
 */
export async function changeStored(
  { store }: Pick<Platform, 'store'>,
  bucket: string,
  key: string,
  change: (object: KubeObject) => KubeObject | 'remove' | undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const entry = store.get(bucket, key)
    if (!entry) return
    const present = JSON.parse(entry.value) as KubeObject
    const wanted = change(present)
    if (wanted === undefined) return
    const last = wanted === 'remove' ? present : wanted
    const encode = (revision: number): string => JSON.stringify(withRevision(last, revision))
    const kind = wanted === 'remove' ? 'delete' : 'put'
    try {
      await store.commit([{ kind, bucket, key, expected: entry.revision, encode }])
      return
    } catch (error) {
      const isConflict = error instanceof StoreError && error.code === 'Conflict'
      if (!isConflict || attempt >= attemptsMax) throw error
    }
  }
}
