import { copyTree } from './copy-tree.ts'
import type { FetchJob } from './fetch-options.ts'
import { StorageError } from './storage-error.ts'

/** Where KServe mounts the claim of a pvc:// URI in the storage initializer. */
const mountPath = '/mnt/pvc'

/** `pvc://claim/path`: `path` inside the mounted claim. */
export async function fetchPvc(job: FetchJob): Promise<void> {
  const [, claim, path] = /^pvc:\/\/([^/]+)\/?(.*)$/.exec(job.uri) ?? []
  if (claim === undefined) throw new StorageError('Invalid', `"${job.uri}" names no claim; expected pvc://claim/path.`)
  await copyTree(`${mountPath}/${path ?? ''}`, job)
}
