import { keyBytesMax, type LogRecord } from './log-frame.ts'
import type { StoreState } from './state.ts'
import { type Entry, type Operation, StoreError, type StoreEvent } from './store.ts'

export interface Transaction {
  readonly operations: readonly Operation[]
  readonly resolve: (revisions: readonly number[]) => void
  readonly reject: (error: unknown) => void
}

/** Transactions that become durable together. */
export interface Batch {
  readonly events: readonly StoreEvent[]
  readonly records: readonly LogRecord[]
  readonly accepted: readonly { readonly transaction: Transaction; readonly revisions: readonly number[] }[]
  /** To be looked at again when this batch is done, in this order. */
  readonly deferred: Transaction[]
}

const batchCharactersTarget = 8 * 1024 * 1024

/**
 * Takes transactions in order. One whose expectation does not hold is rejected now. One that touches a key already in
 * this batch waits: it must be judged by durable state, as the write before it may still fail.
 */
export function formBatch(state: StoreState, transactions: readonly Transaction[]): Batch {
  const events: StoreEvent[] = []
  const records: LogRecord[] = []
  const accepted: { transaction: Transaction; revisions: readonly number[] }[] = []
  const deferred: Transaction[] = []
  const touched = new Set<string>()
  let characters = 0
  for (const transaction of transactions) {
    const keys = transaction.operations.map(({ bucket, key }) => `${bucket}\0${key}`)
    const isWaiting = characters > batchCharactersTarget || keys.some((key) => touched.has(key))
    for (const key of keys) touched.add(key)
    if (isWaiting) {
      deferred.push(transaction)
      continue
    }
    try {
      const made = makeEvents(state, transaction.operations, state.revision + events.length + 1)
      for (const event of made) {
        events.push(event)
        records.push(recordOf(event))
        characters += event.entry.value.length
      }
      accepted.push({ transaction, revisions: made.map((event) => event.revision) })
    } catch (error) {
      transaction.reject(error)
    }
  }
  return { events, records, accepted, deferred }
}

function makeEvents(state: StoreState, operations: readonly Operation[], firstRevision: number): readonly StoreEvent[] {
  const made: StoreEvent[] = []
  for (const operation of operations) {
    const { bucket, key, expected } = operation
    if (Buffer.byteLength(key) > keyBytesMax) throw new Error(`key of ${bucket} is too long`)
    const previous = made.findLast(({ entry }) => entry.bucket === bucket && entry.key === key) ?? undefined
    if (previous) throw new Error(`two operations of one transaction write ${bucket} ${key}`)
    const present = state.get(bucket, key)
    if (expected !== undefined && (present?.revision ?? 0) !== expected) throw conflict(operation, present)
    if (operation.kind === 'delete' && !present) throw conflict(operation, present)
    const revision = firstRevision + made.length
    const entry: Entry = { bucket, key, revision, value: operation.encode(revision) }
    const type = operation.kind === 'delete' ? 'DELETED' : present ? 'MODIFIED' : 'ADDED'
    made.push({ type, revision, entry, previous: present })
  }
  return made
}

function recordOf({ type, revision, entry }: StoreEvent): LogRecord {
  const { bucket, key, value } = entry
  return { operation: type === 'DELETED' ? 'delete' : 'put', bucket, key, value, revision }
}

function conflict({ bucket, key, expected }: Operation, present: Entry | undefined): StoreError {
  const found = present ? `is at revision ${present.revision}` : 'does not exist'
  const wanted = expected === 0 ? 'not to exist' : `to be at revision ${expected ?? 'any'}`
  return new StoreError('Conflict', `${bucket} ${key} ${found}, the write expected it ${wanted}`)
}
