import { createWriteStream } from 'node:fs'
import { lstat, mkdir, realpath, rm, symlink } from 'node:fs/promises'
import { dirname, join, posix, sep } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StorageError } from '../storage-error.ts'

export interface ArchiveBudget {
  bytesLeft: number
  entriesLeft: number
}

/** Where an archive's entries go. */
export interface Extraction {
  readonly root: string
  /** The archive's own name, for messages; no entry may replace it. */
  readonly archive: string
  readonly budget: ArchiveBudget
  readonly signal: AbortSignal
}

/**
 * The place of an entry inside the root. Throws `BadArchive` for absolute names, drive letters, backslashes and `..`:
 * whoever writes those wants out.
 */
export function placeEntry(target: Extraction, name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  const isBad =
    name.startsWith('/') || name.includes('\\') || name.includes('\0') || /^[a-z]:/i.test(name) || parts.includes('..')
  if (isBad)
    throw new StorageError(
      'BadArchive',
      `The archive ${target.archive} has an entry that leads out of it: ${JSON.stringify(name)}.`,
    )
  if (parts.length === 1 && parts[0] === target.archive) {
    throw new StorageError('BadArchive', `The archive ${target.archive} holds an entry of its own name.`)
  }
  return join(target.root, ...parts)
}

export function countEntry(target: Extraction): void {
  target.signal.throwIfAborted()
  target.budget.entriesLeft--
  if (target.budget.entriesLeft < 0)
    throw new StorageError('TooLarge', `The archive ${target.archive} holds too many entries.`)
}

/** Writes one file; what the stream really gives counts, not what the archive says. */
export async function writeEntry(target: Extraction, path: string, content: AsyncIterable<Buffer>): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      target.budget.bytesLeft -= chunk.length
      if (target.budget.bytesLeft >= 0) done(null, chunk)
      else done(new StorageError('TooLarge', `The archive ${target.archive} unpacks to more than is allowed.`))
    },
  })
  await pipeline(Readable.from(content), count, createWriteStream(path, { mode: 0o644 }), { signal: target.signal })
}

export interface Link {
  readonly name: string
  readonly to: string
}

/**
 * Makes the archive's symbolic links, after every file is there, so that nothing is ever written through one. A link must
 * end inside the root.
 */
export async function makeLinks(target: Extraction, links: readonly Link[]): Promise<void> {
  const root = await realpath(target.root)
  for (const { name, to } of links) {
    const path = placeEntry(target, name)
    const isInside = !posix.isAbsolute(to) && !posix.normalize(posix.join(posix.dirname(name), to)).startsWith('..')
    const parent = await realpath(dirname(path)).catch(() => undefined)
    if (!isInside || parent !== join(root, dirname(path).slice(target.root.length))) throw leadsOut(target, name, to)
    if (await lstat(path).catch(() => undefined)) await rm(path, { recursive: true })
    await symlink(to, path)
  }
  for (const { name, to } of links) {
    const end = await realpath(placeEntry(target, name)).catch(() => undefined)
    if (end === undefined || !end.startsWith(root + sep)) throw leadsOut(target, name, to)
  }
}

function leadsOut(target: Extraction, name: string, to: string): StorageError {
  return new StorageError(
    'BadArchive',
    `The archive ${target.archive} has a link that leads out of it or nowhere: ${JSON.stringify(name)} to ${JSON.stringify(to)}.`,
  )
}
