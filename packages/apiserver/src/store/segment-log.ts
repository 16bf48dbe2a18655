import { join } from 'node:path'
import type { FileSystem, StoreFile } from './file-system.ts'
import { encodeFrame, type LogRecord } from './log-frame.ts'

/** The files that records are appended to. One append at a time. */
export interface SegmentLog {
  /** Bytes in segments since the last snapshot's rotation. */
  readonly bytes: number
  readonly sequence: number
  /** Resolves when the records are durable. After a failure nothing of them counts, and the next append starts a new segment. */
  append(durableRevision: number, records: readonly LogRecord[]): Promise<void>
  /** Starts a new segment; resolves with its sequence: everything older is covered by a snapshot of `durableRevision`. */
  rotate(durableRevision: number): Promise<number>
  close(): Promise<void>
}

export const segmentPattern = /^log-(\d{10})$/

export function segmentName(sequence: number): string {
  return `log-${String(sequence).padStart(10, '0')}`
}

/**
 * A segment starts with an empty frame that says after which revision it goes on. Records of older segments beyond that
 * revision are void: they belong to a write that failed and was answered so, and may still lie on the disk.
 */
export function createSegmentLog(
  fs: FileSystem,
  directory: string,
  start: { readonly sequence: number; readonly bytes: number },
): SegmentLog {
  let sequence = start.sequence
  let bytes = start.bytes
  let open: { readonly file: StoreFile; length: number } | undefined

  async function startSegment(durableRevision: number): Promise<void> {
    const next = sequence + 1
    const path = join(directory, segmentName(next))
    sequence = next
    const file = await fs.create(path)
    try {
      const header = encodeFrame(durableRevision + 1, [])
      await file.write(header, 0)
      await file.sync()
      await fs.syncDirectory(directory)
      open = { file, length: header.length }
    } catch (error) {
      await ignoreFailure(file.close())
      await ignoreFailure(fs.remove(path))
      throw error
    }
  }

  async function abandonSegment(): Promise<void> {
    const failed = open
    open = undefined
    if (!failed) return
    await ignoreFailure(failed.file.truncate(failed.length))
    await ignoreFailure(failed.file.close())
  }

  return {
    get bytes() {
      return bytes
    },
    get sequence() {
      return sequence
    },
    append: async (durableRevision, records) => {
      if (!open) await startSegment(durableRevision)
      const segment = open
      if (!segment) throw new Error('a segment that was started is open')
      const frame = encodeFrame(durableRevision + 1, records)
      try {
        await segment.file.write(frame, segment.length)
        await segment.file.sync()
      } catch (error) {
        await abandonSegment()
        throw error
      }
      segment.length += frame.length
      bytes += frame.length
    },
    rotate: async (durableRevision) => {
      const previous = open
      open = undefined
      if (previous) await ignoreFailure(previous.file.close())
      await startSegment(durableRevision)
      bytes = 0
      return sequence
    },
    close: async () => {
      const last = open
      open = undefined
      await last?.file.close()
    },
  }
}

/** For cleaning up after a failure that is already being reported. */
export async function ignoreFailure(work: Promise<unknown>): Promise<void> {
  await work.catch(() => undefined)
}
