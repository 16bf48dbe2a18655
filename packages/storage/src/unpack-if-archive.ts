import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArchiveBudget } from './archive/extraction.ts'
import type { FetchJob } from './fetch-options.ts'

/** The first bytes that an archive may unpack to whatever its size. */
const freeBytes = 1024 ** 3

/** When the model is one file that is an archive by its name, puts its content in its place, as KServe does. */
export async function unpackIfArchive(job: FetchJob): Promise<void> {
  const [only, ...others] = await readdir(job.staging)
  if (only === undefined || others.length > 0 || !/\.(zip|tar|tar\.gz|tgz)$/i.test(only)) return
  const archive = join(job.staging, only)
  const info = await stat(archive)
  if (!info.isFile()) return
  const budget: ArchiveBudget = {
    bytesLeft: Math.min(job.limits.bytesMax, freeBytes + info.size * job.limits.unpackRatioMax),
    entriesLeft: job.limits.entriesMax,
  }
  job.log('unpacking', { archive: only, bytes: info.size })
  const target = { root: job.staging, archive: only, budget, signal: job.signal }
  if (/\.zip$/i.test(only)) {
    const { unpackZip } = await import('./archive/zip.ts')
    await unpackZip(archive, target)
  } else {
    const { unpackTar } = await import('./archive/tar.ts')
    await unpackTar(archive, target)
  }
  await rm(archive)
}
