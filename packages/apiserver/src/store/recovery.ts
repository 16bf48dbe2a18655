import { join } from 'node:path'
import type { FileSystem } from './file-system.ts'
import { type LogRecord, scanFrames } from './log-frame.ts'
import { segmentName, segmentPattern } from './segment-log.ts'
import { readSnapshot, snapshotPattern } from './snapshot.ts'
import { StoreError } from './store.ts'

/** What the files say: the state at `snapshotRevision`, then the writes after it in revision order without gaps. */
export interface Recovered {
  readonly snapshotRevision: number
  readonly entries: readonly LogRecord[]
  readonly writes: readonly LogRecord[]
  /** The segment sequences in use: lowest and highest, 0 for none. */
  readonly oldestSequence: number
  readonly sequence: number
  readonly logBytes: number
}

/**
 * Reads the newest snapshot and every segment. A torn tail is what `kill -9` or a power cut leaves and is dropped; a
 * gap, or damage with whole frames after it, means acknowledged data is gone, and throws `Corrupt`.
 */
export async function recover(fs: FileSystem, directory: string): Promise<Recovered> {
  const names = [...(await fs.list(directory))].sort()
  for (const name of names.filter((name) => name.endsWith('.tmp'))) await fs.remove(join(directory, name))
  const snapshot = names.filter((name) => snapshotPattern.test(name)).at(-1)
  const snapshotRevision = snapshot ? Number(snapshotPattern.exec(snapshot)?.[1]) : 0
  const entries = snapshot ? readSnapshot(join(directory, snapshot), await fs.read(join(directory, snapshot))) : []
  const sequences = names.map((name) => segmentPattern.exec(name)?.[1]).filter((digits) => digits !== undefined)
  let writes: LogRecord[] = []
  let logBytes = 0
  for (const sequence of sequences) {
    const path = join(directory, segmentName(Number(sequence)))
    const bytes = await fs.read(path)
    logBytes += bytes.length
    writes = addSegment(path, bytes, snapshotRevision, writes)
  }
  const oldestSequence = Number(sequences[0] ?? 0)
  return { snapshotRevision, entries, writes, oldestSequence, sequence: Number(sequences.at(-1) ?? 0), logBytes }
}

function addSegment(path: string, bytes: Buffer, snapshotRevision: number, before: LogRecord[]): LogRecord[] {
  const scan = scanFrames(bytes)
  if (scan.damagedBefore !== undefined) {
    const where = `${path} is damaged between bytes ${scan.validBytes} and ${scan.damagedBefore}`
    throw new StoreError(
      'Corrupt',
      `${where}: writes that were acknowledged are lost; restore the directory from a copy`,
    )
  }
  const header = scan.frames[0]
  if (!header) return before
  const base = header.firstRevision - 1
  const writes = before.filter((record) => record.revision <= base)
  let last = writes.at(-1)?.revision ?? snapshotRevision
  for (const record of scan.frames.flatMap((frame) => frame.records)) {
    if (record.revision <= snapshotRevision) continue
    if (record.revision !== last + 1) throw gap(path, last, record.revision)
    writes.push(record)
    last = record.revision
  }
  if (base > last) throw gap(path, last, base + 1)
  return writes
}

function gap(path: string, last: number, next: number): StoreError {
  const what = `${path} goes on with revision ${next}, but the last one found before it is ${last}`
  return new StoreError('Corrupt', `${what}: a file of the directory is missing; restore the directory from a copy`)
}
