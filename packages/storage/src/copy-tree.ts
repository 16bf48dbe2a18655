import { constants, copyFile, mkdir, readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import type { FetchJob } from './fetch-options.ts'
import { StorageError } from './storage-error.ts'

/** Deeper than any model's folders; links inside the source cannot lead round for ever. */
const depthMax = 32

interface Progress {
  entries: number
  bytes: number
}

/**
 * Copies a file, or what a directory holds, into the job's staging folder; by reference where the file system can
 * (reflink). Links are followed as long as they stay inside the source, so the copy holds none.
 */
export async function copyTree(source: string, job: FetchJob): Promise<void> {
  const root = await realpath(source).catch((error: unknown) => {
    throw missing(source, job, error)
  })
  const progress = { entries: 0, bytes: 0 }
  const kind = await stat(root)
  if (kind.isFile()) return await copyOne(root, join(job.staging, basename(source)), kind.size, job, progress)
  if (!kind.isDirectory()) throw new StorageError('Invalid', `${source} is neither a file nor a directory.`)
  await copyDirectory(root, root, job.staging, job, progress, 0)
}

async function copyDirectory(
  root: string,
  from: string,
  to: string,
  job: FetchJob,
  progress: Progress,
  depth: number,
): Promise<void> {
  if (depth > depthMax) throw new StorageError('TooLarge', `${from} nests deeper than ${depthMax} folders.`)
  for (const name of await readdir(from)) {
    const path = join(from, name)
    const real = await realpath(path).catch(() => undefined)
    if (real === undefined || !(real === root || real.startsWith(root.endsWith(sep) ? root : root + sep))) {
      throw new StorageError(
        'Refused',
        `${path} is a link that leads out of ${root} or nowhere; put the file itself there.`,
      )
    }
    const kind = await stat(real)
    const target = join(to, name)
    if (kind.isFile()) await copyOne(real, target, kind.size, job, progress)
    else if (kind.isDirectory()) {
      countEntry(job, progress, 0)
      await mkdir(target)
      await copyDirectory(root, real, target, job, progress, depth + 1)
    } else throw new StorageError('Refused', `${path} is neither a file nor a directory.`)
  }
}

async function copyOne(from: string, to: string, size: number, job: FetchJob, progress: Progress): Promise<void> {
  job.signal.throwIfAborted()
  countEntry(job, progress, size)
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const hint = code === 'EACCES' ? 'this user may not read it' : code === 'ENOSPC' ? 'the disk is full' : code
    throw new StorageError('Refused', `Cannot copy ${from}: ${hint}.`, { cause: error })
  }
}

function countEntry(job: FetchJob, progress: Progress, size: number): void {
  progress.entries++
  progress.bytes += size
  const { entriesMax, bytesMax } = job.limits
  if (progress.entries > entriesMax)
    throw new StorageError('TooLarge', `${job.uri} holds more than ${entriesMax} files.`)
  if (progress.bytes > bytesMax) throw new StorageError('TooLarge', `${job.uri} holds more than ${bytesMax} bytes.`)
}

function missing(source: string, job: FetchJob, error: unknown): StorageError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const given = job.uri.startsWith('file://') && !job.uri.startsWith('file:///')
  const where = given ? ` (${job.uri} is relative to ${job.workingDirectory})` : ''
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new StorageError('NotFound', `There is nothing at ${source}${where}.`, { cause: error })
  return new StorageError('Refused', `Cannot read ${source}: ${String(code ?? error)}.`, { cause: error })
}
