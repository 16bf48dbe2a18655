import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseV1Request } from '@millrace/protocol'
import type { PredictRequest } from '../src/runtime.ts'

/** Rows, and what the training library's own predict returned for them (see testdata/training). */
export interface TabularCase {
  readonly name: string
  readonly model: string
  readonly inputs: readonly (readonly (number | null)[])[]
  readonly shape: readonly number[]
  readonly expected: readonly (number | null)[]
  readonly featureNames?: readonly string[]
}

export function folder(...path: string[]): string {
  return join(import.meta.dirname, 'testdata', ...path)
}

/** `file` is `<case>.json`; its model is the only file in the folder `<case>`. */
export function readCase(kind: string, file: string): TabularCase {
  const name = file.slice(0, -'.json'.length)
  const [model] = readdirSync(folder(kind, name))
  assert.ok(model !== undefined)
  return { ...JSON.parse(readFileSync(folder(kind, file), 'utf8')), name, model: folder(kind, name, model) }
}

/** Rows on the way a client's would take. */
export function readRows(instances: unknown): PredictRequest {
  return { protocol: 'v1', ...parseV1Request(Buffer.from(JSON.stringify({ instances }))), parameters: {} }
}

/** Equal to 1e-5, relative to numbers above 1; null stands for NaN. */
export function assertClose(got: readonly number[], expected: readonly (number | null)[]): void {
  assert.equal(got.length, expected.length)
  for (const [i, want] of expected.entries()) {
    const value = got[i] ?? Number.NaN
    const isClose = want === null ? Number.isNaN(value) : Math.abs(value - want) <= 1e-5 * Math.max(1, Math.abs(want))
    assert.ok(isClose, `element ${i} is ${value}; the training library says ${want}`)
  }
}
