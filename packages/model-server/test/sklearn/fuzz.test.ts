import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { InvalidInput } from '@millrace/protocol'
import { PickleError } from '../../src/pickle/index.ts'
import { unpickle } from '../../src/pickle/unpickle.ts'
import { ModelUnreadable } from '../../src/runtime.ts'
import { readEstimator } from '../../src/sklearn/estimators.ts'
import { createLoadBudget } from '../../src/sklearn/load-budget.ts'
import type { Table } from '../../src/sklearn/table.ts'
import { testdata } from './recorded.ts'

const rounds = 4000

/** mulberry32: the same seed gives the same mutations. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** Bytes that are instructions of the reader, or the ends of number ranges. */
const telling = Uint8Array.from('\x00\x01\x7f\x80\xff.bR(]}\x94\x81euhX\x8cB\x8e\x95\x93cio\x8f\x91', (c) =>
  c.charCodeAt(0),
)

function mutate(source: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes = Uint8Array.from(source)
  for (let i = random(3); i >= 0 && bytes.length > 0; i--) {
    const at = random(bytes.length)
    const before = bytes.subarray(0, at)
    switch (random(5)) {
      case 0:
        bytes[at] = random(256)
        break
      case 1:
        bytes[at] = telling[random(telling.length)] ?? 0
        break
      case 2:
        bytes = Uint8Array.from([...before, ...bytes.subarray(at + random(20))])
        break
      case 3:
        bytes = Uint8Array.from([...before, telling[random(telling.length)] ?? 0, ...bytes.subarray(at)])
        break
      default:
        bytes.copyWithin(random(bytes.length), at, at + random(40))
    }
  }
  return bytes
}

/** Reads, and predicts where that succeeds. */
function exercise(bytes: Uint8Array): void {
  const estimator = readEstimator(unpickle(bytes), createLoadBudget(bytes.length))
  const columns = Math.min(estimator.featureCount ?? 4, 1000)
  const data = Float64Array.from({ length: 2 * columns }, (_, index) => index % 7)
  const table: Table = { kind: 'matrix', rows: 2, columns, data, isSingle: false, names: undefined }
  estimator.predictor?.predict(table)
  estimator.predictor?.predictProba?.(table)
}

test(`${rounds} mutated model files are read or refused with a typed error`, () => {
  const random = createRandom(20_240)
  const folders = ['0.22', '1.3', '1.9', 'formats', 'arrays'].map((folder) => join(testdata, folder))
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.(joblib|pkl)$/.test(name) && !name.startsWith('compressed'))
      .map((name) => new Uint8Array(readFileSync(join(folder, name)))),
  )
  let refused = 0
  for (let round = 0; round < rounds; round++) {
    const bytes = mutate(files[random(files.length)] ?? new Uint8Array(0), random)
    try {
      exercise(bytes)
    } catch (error) {
      const isTyped = error instanceof PickleError || error instanceof ModelUnreadable || error instanceof InvalidInput
      assert.ok(isTyped, `round ${round}: ${error instanceof Error ? error.stack : String(error)}`)
      refused++
    }
  }
  assert.ok(refused > rounds / 2 && refused < rounds, `${refused} of ${rounds} were refused`)
})
