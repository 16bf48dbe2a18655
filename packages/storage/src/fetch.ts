import { mkdir, readdir } from 'node:fs/promises'
import type { FetchJob, FetchOptions } from './fetch-options.ts'
import { defaultLimits } from './fetch-options.ts'
import { findScheme } from './schemes.ts'
import { commitStaging, openStaging, removeStaging } from './staging.ts'
import { StorageError } from './storage-error.ts'
import { unpackIfArchive } from './unpack-if-archive.ts'

/**
 * Brings the model at `uri` into `directory`, which is made if need be. What is there afterwards is the whole model or
 * what was there before: everything is staged in a hidden folder inside and moved at the end. A single .zip, .tar,
 * .tar.gz or .tgz is unpacked. Rejects with `StorageError`, or with the signal's reason.
 */
export async function fetch(uri: string, directory: string, options: FetchOptions = {}): Promise<void> {
  const scheme = findScheme(uri)
  await mkdir(directory, { recursive: true })
  const staging = await openStaging(directory)
  try {
    const job: FetchJob = {
      uri,
      staging,
      signal: options.signal ?? new AbortController().signal,
      log: options.log ?? (() => {}),
      limits: { ...defaultLimits, ...options.limits },
      environment: options.environment ?? process.env,
      workingDirectory: options.workingDirectory ?? process.cwd(),
    }
    const fetchScheme = await scheme.importFetch()
    await fetchScheme(job)
    await unpackIfArchive(job)
    job.signal.throwIfAborted()
    if ((await readdir(staging)).length === 0) throw new StorageError('NotFound', `${uri} holds no files.`)
    await commitStaging(staging, directory)
  } finally {
    await removeStaging(staging)
  }
}
