/**
 * What the rest of the server knows about durable state: ordered buckets of JSON text under one increasing revision.
 * Reads and watch events show durable state only; a write is visible once it would survive `kill -9`.
 */

/** One object as stored. Never changed after it is made, so it may be shared by readers, watchers and history. */
export interface Entry {
  readonly bucket: string
  readonly key: string
  /** The revision of the write that made this value. */
  readonly revision: number
  /** JSON text, whose `metadata.resourceVersion` is already `revision`. */
  readonly value: string
}

export interface PutOperation {
  readonly kind: 'put'
  readonly bucket: string
  readonly key: string
  /** The revision that the present value must have; 0: there must be none; absent: any. */
  readonly expected?: number
  /** Called once, synchronously, with the revision this write gets if it succeeds. */
  readonly encode: (revision: number) => string
}

export interface DeleteOperation {
  readonly kind: 'delete'
  readonly bucket: string
  readonly key: string
  readonly expected?: number
  /** The last state watchers see; its resourceVersion is the revision of the deletion. */
  readonly encode: (revision: number) => string
}

export type Operation = PutOperation | DeleteOperation

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly revision: number
  /** For DELETED: the last state, carrying the revision of the deletion. */
  readonly entry: Entry
  readonly previous: Entry | undefined
}

export interface ListRange {
  /** Only keys that start with it. */
  readonly prefix?: string
  /** Only keys that come after it. */
  readonly after?: string
  readonly limit?: number
  /** The state as of this revision instead of the present one. */
  readonly revision?: number
}

export interface ListResult {
  readonly entries: readonly Entry[]
  readonly revision: number
  /** Entries of the range that the limit cut off. */
  readonly remaining: number
}

/** Called in revision order, synchronously; must not throw. */
export type WatchListener = (event: StoreEvent) => void

export interface WatchHandle {
  close(): void
}

export interface Store {
  /** The newest durable revision. */
  readonly revision: number
  get(bucket: string, key: string): Entry | undefined
  /** Throws `StoreError` `Compacted` when `range.revision` is older than the kept history, `FutureRevision` when it is ahead. */
  list(bucket: string, range?: ListRange): ListResult
  count(bucket: string): number
  /**
   * All of the operations or none of them; resolves when they are durable, with the revision of each. Rejects with
   * `StoreError` (`Conflict`, `Unavailable`, `Overloaded`, `Closed`).
   */
  commit(operations: readonly Operation[]): Promise<readonly number[]>
  /** Every event of the bucket after `revision`: those in history at once, then live. Throws `Compacted`. */
  watch(bucket: string, revision: number, listener: WatchListener): WatchHandle
  /** Waits for writes under way, then releases the directory. */
  close(): Promise<void>
}

export type StoreErrorCode =
  | 'Conflict'
  | 'Compacted'
  | 'FutureRevision'
  | 'Unavailable'
  | 'Overloaded'
  | 'Closed'
  | 'Corrupt'
  | 'DataDirectoryInUse'

const retryableCodes: ReadonlySet<StoreErrorCode> = new Set(['Unavailable', 'Overloaded'])

export class StoreError extends Error {
  readonly code: StoreErrorCode
  readonly retryable: boolean

  constructor(code: StoreErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
    this.retryable = retryableCodes.has(code)
  }
}
