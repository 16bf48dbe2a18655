import { crc32 } from 'node:zlib'

/**
 * The unit of durability. One frame is written and synced before the next one starts, so only the last frame of the
 * last file can be torn; a broken frame with a whole one after it is damage to acknowledged data.
 *
 *   magic u32 │ payload length u32 │ crc32 u32 │ first revision u64 │ payload: records, one after the other
 *   record: operation u8 │ bucket length u16 │ key length u16 │ value length u32 │ bucket │ key │ value (UTF-8)
 *
 * All numbers little-endian. The checksum covers the first revision and the payload. Record i of a frame has the
 * revision first + i, except in snapshots, where every record carries its own in front (operation `entry`).
 */
export interface LogRecord {
  readonly operation: 'put' | 'delete' | 'entry' | 'end'
  readonly bucket: string
  readonly key: string
  readonly value: string
  readonly revision: number
}

export interface Frame {
  readonly firstRevision: number
  readonly records: readonly LogRecord[]
}

export const frameHeaderBytes = 20
const magic = 0x314c524d
const recordHeaderBytes = 17
const operationCodes = { put: 1, delete: 2, entry: 3, end: 4 } as const
const operationNames = ['', 'put', 'delete', 'entry', 'end'] as const
export const keyBytesMax = 0xffff

/** Upper bound of the bytes a record takes, without encoding it. */
export function recordBytesBound(record: Pick<LogRecord, 'bucket' | 'key' | 'value'>): number {
  return recordHeaderBytes + 3 * (record.bucket.length + record.key.length + record.value.length)
}

export function encodeFrame(firstRevision: number, records: readonly LogRecord[]): Buffer {
  let bound = frameHeaderBytes
  for (const record of records) bound += recordBytesBound(record)
  const buffer = Buffer.allocUnsafe(bound)
  let at = frameHeaderBytes
  for (const record of records) at = encodeRecord(buffer, at, record)
  buffer.writeUInt32LE(magic, 0)
  buffer.writeUInt32LE(at - frameHeaderBytes, 4)
  buffer.writeBigUInt64LE(BigInt(firstRevision), 12)
  buffer.writeUInt32LE(crc32(buffer.subarray(12, at)), 8)
  return buffer.subarray(0, at)
}

function encodeRecord(buffer: Buffer, start: number, record: LogRecord): number {
  let at = start + recordHeaderBytes
  const bucketBytes = buffer.write(record.bucket, at)
  at += bucketBytes
  const keyBytes = buffer.write(record.key, at)
  at += keyBytes
  const valueBytes = buffer.write(record.value, at)
  at += valueBytes
  buffer.writeUInt8(operationCodes[record.operation], start)
  buffer.writeUInt16LE(bucketBytes, start + 1)
  buffer.writeUInt16LE(keyBytes, start + 3)
  buffer.writeUInt32LE(valueBytes, start + 5)
  buffer.writeBigUInt64LE(BigInt(record.revision), start + 9)
  return at
}

export interface Scan {
  readonly frames: readonly Frame[]
  /** Bytes of whole frames from the start. */
  readonly validBytes: number
  /** Where a whole frame follows the first broken one; absent when the rest is just a torn tail. */
  readonly damagedBefore?: number
}

/** Reads frames until the first one that is not whole. */
export function scanFrames(bytes: Buffer): Scan {
  const frames: Frame[] = []
  let at = 0
  while (at < bytes.length) {
    const frame = decodeFrame(bytes, at)
    if (!frame) break
    frames.push(frame)
    at += frame.bytes
  }
  const later = at < bytes.length ? findFrame(bytes, at + 1) : undefined
  return { frames, validBytes: at, ...(later === undefined ? {} : { damagedBefore: later }) }
}

function decodeFrame(bytes: Buffer, at: number): (Frame & { readonly bytes: number }) | undefined {
  if (bytes.length - at < frameHeaderBytes || bytes.readUInt32LE(at) !== magic) return undefined
  const end = at + frameHeaderBytes + bytes.readUInt32LE(at + 4)
  if (end > bytes.length) return undefined
  if (crc32(bytes.subarray(at + 12, end)) !== bytes.readUInt32LE(at + 8)) return undefined
  const records: LogRecord[] = []
  let position = at + frameHeaderBytes
  while (position < end) {
    const operation = operationNames[bytes.readUInt8(position)]
    if (!operation) return undefined
    const bucketEnd = position + recordHeaderBytes + bytes.readUInt16LE(position + 1)
    const keyEnd = bucketEnd + bytes.readUInt16LE(position + 3)
    const valueEnd = keyEnd + bytes.readUInt32LE(position + 5)
    records.push({
      operation,
      revision: Number(bytes.readBigUInt64LE(position + 9)),
      bucket: bytes.toString('utf8', position + recordHeaderBytes, bucketEnd),
      key: bytes.toString('utf8', bucketEnd, keyEnd),
      value: bytes.toString('utf8', keyEnd, valueEnd),
    })
    position = valueEnd
  }
  return { firstRevision: Number(bytes.readBigUInt64LE(at + 12)), records, bytes: end - at }
}

function findFrame(bytes: Buffer, from: number): number | undefined {
  const pattern = Buffer.alloc(4)
  pattern.writeUInt32LE(magic)
  for (let at = bytes.indexOf(pattern, from); at >= 0; at = bytes.indexOf(pattern, at + 1)) {
    if (decodeFrame(bytes, at)) return at
  }
  return undefined
}
