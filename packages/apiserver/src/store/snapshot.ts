import { join } from 'node:path'
import type { FileSystem } from './file-system.ts'
import { encodeFrame, type LogRecord, recordBytesBound, scanFrames } from './log-frame.ts'
import { ignoreFailure } from './segment-log.ts'
import { type Entry, StoreError } from './store.ts'

export const snapshotPattern = /^snapshot-(\d{16})$/
const frameBytesTarget = 1024 * 1024

/**
 * Writes all entries as of `revision`. It counts only once renamed, which happens after the sync; its last frame holds
 * an `end` record with the number of entries.
 */
export async function writeSnapshot(
  fs: FileSystem,
  directory: string,
  revision: number,
  entries: readonly Entry[],
): Promise<void> {
  const path = join(directory, `snapshot-${String(revision).padStart(16, '0')}`)
  const draft = `${path}.tmp`
  await fs.remove(draft)
  const file = await fs.create(draft)
  try {
    let length = 0
    for (const records of inFrames(entries)) {
      const frame = encodeFrame(revision, records)
      await file.write(frame, length)
      length += frame.length
    }
    const end: LogRecord = { operation: 'end', bucket: '', key: '', value: String(entries.length), revision }
    await file.write(encodeFrame(revision, [end]), length)
    await file.sync()
    await file.close()
    await fs.rename(draft, path)
    await fs.syncDirectory(directory)
  } catch (error) {
    await ignoreFailure(file.close())
    await ignoreFailure(fs.remove(draft))
    throw error
  }
}

function* inFrames(entries: readonly Entry[]): Iterable<readonly LogRecord[]> {
  let records: LogRecord[] = []
  let bytes = 0
  for (const { bucket, key, value, revision } of entries) {
    const record: LogRecord = { operation: 'entry', bucket, key, value, revision }
    records.push(record)
    bytes += recordBytesBound(record)
    if (bytes < frameBytesTarget) continue
    yield records
    records = []
    bytes = 0
  }
  if (records.length > 0) yield records
}

/** Throws `Corrupt`: a snapshot was whole when it got its name. */
export function readSnapshot(path: string, bytes: Buffer): readonly LogRecord[] {
  const scan = scanFrames(bytes)
  const records = scan.frames.flatMap((frame) => frame.records)
  const end = records.pop()
  if (scan.validBytes !== bytes.length || end?.operation !== 'end' || end.value !== String(records.length)) {
    throw new StoreError(
      'Corrupt',
      `${path} is damaged after byte ${scan.validBytes}; restore the directory from a copy`,
    )
  }
  return records
}
