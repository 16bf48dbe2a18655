import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { createInflateRaw } from 'node:zlib'
import { StorageError } from '../storage-error.ts'
import { countEntry, type Extraction, placeEntry, writeEntry } from './extraction.ts'

interface Entry {
  readonly name: string
  readonly method: number
  readonly flags: number
  readonly size: number
  readonly compressedSize: number
  readonly offset: number
  readonly isLink: boolean
}

const endSignature = 0x06054b50
const end64Signature = 0x06064b50
const entrySignature = 0x02014b50
const localSignature = 0x04034b50
const endBytes = 22
/** The end record lies within its own length and the longest comment of the file's end. */
const tailBytesMax = endBytes + 65_535
/** Longest central directory that is read: some 200 bytes for each of the most entries. */
const directoryBytesMax = 256 * 1024 * 1024
const full32 = 0xffffffff

/**
 * Unpacks a zip archive (PKWARE APPNOTE 6.3: stored and deflated entries, zip64). The central directory is what counts.
 * Links, encrypted entries and other methods are refused. Throws `BadArchive` or `TooLarge`.
 */
export async function unpackZip(file: string, target: Extraction): Promise<void> {
  const handle = await open(file)
  try {
    for (const entry of readDirectory(await loadDirectory(handle, target), target)) {
      countEntry(target)
      if (entry.name.endsWith('/')) await mkdir(placeEntry(target, entry.name), { recursive: true })
      else await unpackEntry(handle, file, entry, target)
    }
  } catch (error) {
    if (error instanceof StorageError || target.signal.aborted) throw error
    throw bad(target, `it is damaged: ${error instanceof Error ? error.message : String(error)}`, error)
  } finally {
    await handle.close()
  }
}

async function loadDirectory(handle: FileHandle, target: Extraction): Promise<Buffer> {
  const { size } = await handle.stat()
  const tailStart = Math.max(0, size - tailBytesMax)
  const tail = await readAt(handle, tailStart, size - tailStart)
  let at = tail.length - endBytes
  while (at >= 0 && tail.readUInt32LE(at) !== endSignature) at--
  if (at < 0) throw bad(target, 'it is no zip archive, or it is cut off')
  let length = tail.readUInt32LE(at + 12)
  let offset = tail.readUInt32LE(at + 16)
  if (offset === full32 || length === full32) {
    const locator = await readAt(handle, tailStart + at - 20, 20)
    const record = await readAt(handle, Number(locator.readBigUInt64LE(8)), 56)
    if (record.readUInt32LE(0) !== end64Signature) throw bad(target, 'its zip64 record is missing')
    length = Number(record.readBigUInt64LE(40))
    offset = Number(record.readBigUInt64LE(48))
  }
  if (length > directoryBytesMax || offset + length > size) throw bad(target, 'its directory lies outside of it')
  return await readAt(handle, offset, length)
}

function* readDirectory(directory: Buffer, target: Extraction): Generator<Entry> {
  let at = 0
  while (at + 46 <= directory.length) {
    if (directory.readUInt32LE(at) !== entrySignature) throw bad(target, 'its directory is damaged')
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) => directory.readUInt16LE(at + o)) as [
      number,
      number,
      number,
    ]
    const nameEnd = at + 46 + nameLength
    const name = directory.toString('utf8', at + 46, nameEnd)
    const entry = {
      name,
      flags: directory.readUInt16LE(at + 8),
      method: directory.readUInt16LE(at + 10),
      compressedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
      isLink: ((directory.readUInt32LE(at + 38) >>> 16) & 0o170000) === 0o120000,
    }
    yield applyZip64(entry, directory.subarray(nameEnd, nameEnd + extraLength))
    at = nameEnd + extraLength + commentLength
  }
}

/** The zip64 extra field holds, in this order, those of size, compressed size and offset that are all ones. */
function applyZip64(entry: Entry, extra: Buffer): Entry {
  let { size, compressedSize, offset } = entry
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue
    let next = at + 4
    const take = () => {
      next += 8
      return Number(extra.readBigUInt64LE(next - 8))
    }
    if (size === full32) size = take()
    if (compressedSize === full32) compressedSize = take()
    if (offset === full32) offset = take()
  }
  return { ...entry, size, compressedSize, offset }
}

async function unpackEntry(handle: FileHandle, file: string, entry: Entry, target: Extraction): Promise<void> {
  const shown = JSON.stringify(entry.name)
  if (entry.isLink) throw bad(target, `it holds the link ${shown}`)
  if ((entry.flags & 1) !== 0) throw bad(target, `${shown} is encrypted`)
  if (entry.method !== 0 && entry.method !== 8)
    throw bad(target, `${shown} is packed with method ${entry.method}; stored and deflated can be read`)
  const path = placeEntry(target, entry.name)
  const local = await readAt(handle, entry.offset, 30)
  if (local.readUInt32LE(0) !== localSignature) throw bad(target, `${shown} is not where the directory says`)
  const start = entry.offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28)
  if (entry.compressedSize === 0) return await writeEntry(target, path, empty())
  const raw = createReadStream(file, { start, end: start + entry.compressedSize - 1 })
  const content = entry.method === 0 ? raw : raw.pipe(createInflateRaw())
  raw.on('error', (error) => content.destroy(error))
  const before = target.budget.bytesLeft
  await writeEntry(target, path, content)
  const written = before - target.budget.bytesLeft
  if (written !== entry.size) throw bad(target, `${shown} has ${written} bytes where the directory says ${entry.size}`)
}

async function* empty(): AsyncGenerator<Buffer> {}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, position)
  if (bytesRead !== length) throw new Error('it is cut off')
  return buffer
}

function bad(target: Extraction, what: string, cause?: unknown): StorageError {
  return new StorageError('BadArchive', `The archive ${target.archive} cannot be unpacked: ${what}.`, { cause })
}
