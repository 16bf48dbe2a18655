import { createReadStream } from 'node:fs'
import { copyFile, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { StorageError } from '../storage-error.ts'
import { type ByteSource, createByteSource } from './byte-source.ts'
import { countEntry, type Extraction, type Link, makeLinks, placeEntry, writeEntry } from './extraction.ts'

const blockBytes = 512
/** Longest pax header or GNU long name that is believed; both are held in memory. */
const headerBytesMax = 1024 * 1024

interface Header {
  readonly name: string
  readonly size: number
  readonly type: string
  readonly link: string
}

/**
 * Unpacks a tar archive (POSIX ustar and pax, GNU long names), gzipped or not, told by its first bytes. Files, folders,
 * hard and symbolic links inside the archive; devices and pipes are left out. Throws `BadArchive` or `TooLarge`.
 */
export async function unpackTar(file: string, target: Extraction): Promise<void> {
  const raw = createReadStream(file)
  const isGzip = (await firstBytes(file)).equals(Buffer.from([0x1f, 0x8b]))
  const stream: Readable = isGzip ? raw.pipe(createGunzip()) : raw
  raw.on('error', (error) => stream.destroy(error))
  try {
    await unpackEntries(createByteSource(stream), target)
  } catch (error) {
    if (error instanceof StorageError || target.signal.aborted) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new StorageError('BadArchive', `The archive ${target.archive} is damaged: ${reason}.`, { cause: error })
  } finally {
    stream.destroy()
    raw.destroy()
  }
}

async function unpackEntries(source: ByteSource, target: Extraction): Promise<void> {
  const links: Link[] = []
  let overrides: Partial<Header> = {}
  for (;;) {
    const block = await source.read(blockBytes)
    if (block === undefined || block.every((byte) => byte === 0)) break
    const header = { ...readHeader(block, target), ...overrides }
    overrides = {}
    countEntry(target)
    if (header.type === 'x' || header.type === 'L' || header.type === 'K') {
      overrides = await readOverrides(source, header, target)
      continue
    }
    await unpackOne(source, header, target, links)
  }
  await makeLinks(target, links)
}

async function unpackOne(source: ByteSource, header: Header, target: Extraction, links: Link[]): Promise<void> {
  const { name, size, type, link } = header
  switch (type) {
    case '0':
    case '\0':
    case '7': {
      let got = 0
      const counted = async function* () {
        for await (const part of source.stream(size)) {
          got += part.length
          yield part
        }
      }
      await writeEntry(target, placeEntry(target, name), counted())
      if (got !== size)
        throw new StorageError('BadArchive', `The archive ${target.archive} is cut off inside ${JSON.stringify(name)}.`)
      await source.skip(padding(size))
      return
    }
    case '5':
      await mkdir(placeEntry(target, name), { recursive: true })
      return
    case '1': {
      const path = placeEntry(target, name)
      await mkdir(dirname(path), { recursive: true })
      await copyFile(placeEntry(target, link), path)
      return
    }
    case '2':
      links.push({ name, to: link })
      return
    default:
      await source.skip(size + padding(size))
  }
}

function readHeader(block: Buffer, target: Extraction): Header {
  const text = (from: number, length: number) => block.toString('utf8', from, from + length).replace(/\0.*$/s, '')
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0)
  if (Number.parseInt(text(148, 8).trim(), 8) !== sum) {
    throw new StorageError(
      'BadArchive',
      `The archive ${target.archive} is no tar archive, or is damaged: a header's checksum is wrong.`,
    )
  }
  const prefix = text(257, 5) === 'ustar' ? text(345, 155) : ''
  const name = text(0, 100)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: readSize(block),
    type: String.fromCharCode(block[156] ?? 0),
    link: text(157, 100),
  }
}

/** Octal text; GNU tar writes sizes above 8 GiB as a big-endian number with the first bit set. */
function readSize(block: Buffer): number {
  if (((block[124] ?? 0) & 0x80) !== 0) return Number(block.readBigUInt64BE(128))
  const size = Number.parseInt(block.toString('latin1', 124, 136).replace(/[\0 ]+$/, '') || '0', 8)
  if (!Number.isSafeInteger(size) || size < 0) throw new Error('a size is no number')
  return size
}

async function readOverrides(source: ByteSource, header: Header, target: Extraction): Promise<Partial<Header>> {
  if (header.size > headerBytesMax)
    throw new StorageError('BadArchive', `The archive ${target.archive} has a name of ${header.size} bytes.`)
  const content = (await source.read(header.size)) ?? Buffer.alloc(0)
  await source.skip(padding(header.size))
  if (header.type === 'L') return { name: content.toString('utf8').replace(/\0.*$/s, '') }
  if (header.type === 'K') return { link: content.toString('utf8').replace(/\0.*$/s, '') }
  return readPax(content)
}

/** Records of `<length> <key>=<value>\n`. */
function readPax(content: Buffer): Partial<Header> {
  const values = new Map<string, string>()
  let at = 0
  while (at < content.length) {
    const space = content.indexOf(0x20, at)
    const length = Number.parseInt(content.toString('latin1', at, space), 10)
    if (space === -1 || !(length > 0)) throw new Error('a pax header is broken')
    const record = content.toString('utf8', space + 1, at + length - 1)
    const split = record.indexOf('=')
    values.set(record.slice(0, split), record.slice(split + 1))
    at += length
  }
  const [name, link, size] = [values.get('path'), values.get('linkpath'), values.get('size')]
  return {
    ...(name !== undefined && { name }),
    ...(link !== undefined && { link }),
    ...(size !== undefined && { size: Number(size) }),
  }
}

function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes
}

async function firstBytes(file: string): Promise<Buffer> {
  const handle = await open(file)
  try {
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    return buffer
  } finally {
    await handle.close()
  }
}
