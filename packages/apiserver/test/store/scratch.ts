import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Operation, Store } from '../../src/store/store.ts'

/** An empty directory that goes with the test. */
export function scratchDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-store-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export function put(key: string, value: string, expected?: number, bucket = 'things'): Operation {
  const encode = (revision: number): string => JSON.stringify({ revision, value })
  return { kind: 'put', bucket, key, encode, ...(expected === undefined ? {} : { expected }) }
}

export function remove(key: string, expected?: number, bucket = 'things'): Operation {
  const encode = (revision: number): string => JSON.stringify({ revision })
  return { kind: 'delete', bucket, key, encode, ...(expected === undefined ? {} : { expected }) }
}

/** key → value of a bucket. */
export function contents(store: Store, bucket = 'things'): Record<string, string> {
  return Object.fromEntries(
    store.list(bucket).entries.map(({ key, value }) => [key, (JSON.parse(value) as { value: string }).value]),
  )
}
