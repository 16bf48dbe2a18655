import { resolve } from 'node:path'
import { copyTree } from './copy-tree.ts'
import type { FetchJob } from './fetch-options.ts'
import { StorageError } from './storage-error.ts'

/**
 * `file://path` and plain absolute paths. What follows the prefix is the path as it stands, as in KServe: `file:///a` is
 * absolute, `file://a/b` is relative to the working directory, nothing is percent-decoded.
 */
export async function fetchFile(job: FetchJob): Promise<void> {
  const path = job.uri.startsWith('file://') ? job.uri.slice('file://'.length) : job.uri
  if (path === '')
    throw new StorageError(
      'Invalid',
      `"${job.uri}" has no path; expected file:///absolute/path or file://relative/path.`,
    )
  await copyTree(resolve(job.workingDirectory, path), job)
}
