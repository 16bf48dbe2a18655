import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { type Batch, formBatch, type Transaction } from './batch.ts'
import { acquireDataLock } from './data-lock.ts'
import { diskFileSystem, type FileSystem } from './file-system.ts'
import type { HistoryLimits } from './history.ts'
import { recover, type Recovered } from './recovery.ts'
import { createSegmentLog, ignoreFailure, segmentPattern } from './segment-log.ts'
import { snapshotPattern, writeSnapshot } from './snapshot.ts'
import { createState } from './state.ts'
import { type Entry, type Store, StoreError } from './store.ts'

export interface DurableStoreOptions {
  readonly directory: string
  readonly fileSystem?: FileSystem
  readonly history?: HistoryLimits
  /** A snapshot replaces the log once it has grown by this many bytes and is larger than the data itself. */
  readonly compactAfterBytes?: number
  readonly log?: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

const defaultHistory: HistoryLimits = { eventsMax: 20_000, bytesMax: 24 * 1024 * 1024 }
const compactAfterBytesDefault = 8 * 1024 * 1024
const segmentsMax = 8
const queuedOperationsMax = 10_000

/**
 * The store of one directory: an index in memory, a log on disk.
 *
 *   commit ─▶ queue ─▶ batch: check expectations, give revisions ─▶ one write + one sync ─▶ index, history, watchers
 *
 * One batch is on its way at a time; what arrives meanwhile forms the next (group commit). Throws `DataDirectoryInUse`
 * and `Corrupt`.
 */
export async function openDurableStore(options: DurableStoreOptions): Promise<Store> {
  const lock = acquireDataLock(options.directory)
  try {
    await chmod(options.directory, 0o700)
    const fs = options.fileSystem ?? diskFileSystem
    const recovered = await recover(fs, options.directory)
    return createStore(options, fs, recovered, () => lock.release())
  } catch (error) {
    lock.release()
    throw error
  }
}

function createStore(
  options: DurableStoreOptions,
  fs: FileSystem,
  recovered: Recovered,
  releaseLock: () => void,
): Store {
  const { directory } = options
  const state = createState(recovered, options.history ?? defaultHistory)
  const segments = createSegmentLog(fs, directory, { sequence: recovered.sequence, bytes: recovered.logBytes })
  const compactAfterBytes = options.compactAfterBytes ?? compactAfterBytesDefault
  let oldestSequence = recovered.oldestSequence
  let nextCompactionBytes = compactAfterBytes
  let queue: Transaction[] = []
  let queuedOperations = 0
  let isPumping = false
  let isClosed = false
  let pumpDone: Promise<void> = Promise.resolve()
  let compaction: Promise<void> | undefined

  async function pump(): Promise<void> {
    while (queue.length > 0) {
      if (isCompactionDue()) await startCompaction()
      const batch = formBatch(state, queue)
      queue = batch.deferred
      queuedOperations = queue.reduce((sum, { operations }) => sum + operations.length, 0)
      if (batch.records.length > 0) await writeBatch(batch)
    }
    isPumping = false
  }

  async function writeBatch(batch: Batch): Promise<void> {
    try {
      await segments.append(state.revision, batch.records)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      const message = `the write could not be made durable in ${directory}: ${reason}; nothing was changed`
      for (const { transaction } of batch.accepted) {
        transaction.reject(new StoreError('Unavailable', message, { cause }))
      }
      return
    }
    for (const event of batch.events) state.apply(event)
    for (const { transaction, revisions } of batch.accepted) transaction.resolve(revisions)
  }

  function isCompactionDue(): boolean {
    if (compaction) return false
    if (segments.sequence - oldestSequence >= segmentsMax) return true
    return segments.bytes > nextCompactionBytes && segments.bytes > state.valueBytes
  }

  async function startCompaction(): Promise<void> {
    const revision = state.revision
    try {
      const sequence = await segments.rotate(revision)
      const entries = state.allEntries()
      oldestSequence = sequence
      nextCompactionBytes = compactAfterBytes
      compaction = compact(revision, sequence, entries).finally(() => {
        compaction = undefined
      })
    } catch (error) {
      postponeCompaction(error)
    }
  }

  async function compact(revision: number, sequence: number, entries: readonly Entry[]): Promise<void> {
    try {
      await writeSnapshot(fs, directory, revision, entries)
      for (const name of await fs.list(directory)) {
        const segment = segmentPattern.exec(name)
        const snapshot = snapshotPattern.exec(name)
        const isCovered = (segment && Number(segment[1]) < sequence) || (snapshot && Number(snapshot[1]) < revision)
        if (isCovered) await fs.remove(join(directory, name))
      }
    } catch (error) {
      postponeCompaction(error)
    }
  }

  /** The log still holds everything; it is tried again when the log has grown further. */
  function postponeCompaction(error: unknown): void {
    nextCompactionBytes = segments.bytes + compactAfterBytes
    oldestSequence = segments.sequence
    options.log?.('snapshot failed, the log is kept', { directory, error: String(error) })
  }

  return {
    get revision() {
      return state.revision
    },
    get: state.get,
    list: state.list,
    count: state.count,
    watch: state.watch,
    commit: (operations) => {
      if (isClosed) return Promise.reject(new StoreError('Closed', 'the store is closed'))
      if (queuedOperations + operations.length > queuedOperationsMax) {
        return Promise.reject(new StoreError('Overloaded', 'too many writes are waiting for the disk; try again'))
      }
      return new Promise((resolve, reject) => {
        queue.push({ operations, resolve, reject })
        queuedOperations += operations.length
        if (isPumping) return
        isPumping = true
        // A turn of the microtask queue lets writes that arrived together share the first sync.
        pumpDone = Promise.resolve().then(pump)
      })
    },
    close: async () => {
      if (isClosed) return
      isClosed = true
      await pumpDone
      await compaction
      await ignoreFailure(segments.close())
      releaseLock()
    },
  }
}
