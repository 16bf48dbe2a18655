import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Tensor } from '@millrace/protocol'
import type { Model, PredictRequest } from '../../src/runtime.ts'
import { load } from '../../src/sklearn/load.ts'

export const testdata = join(import.meta.dirname, '..', 'testdata', 'sklearn')

/** What scikit-learn answered. */
export interface Recorded {
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: readonly (number | string | boolean | null)[]
}

/** One entry of `cases.json`, written by training/train_sklearn.py. */
export interface Case {
  readonly name: string
  readonly file: string
  readonly inputs?: readonly (readonly (number | null)[])[]
  readonly columns?: Readonly<Record<string, readonly (number | string | null)[]>>
  readonly datatype?: 'FP32'
  readonly predict: Recorded
  readonly proba?: Recorded | null
}

export const loadModel = (file: string, predictProba = false): Promise<Model> =>
  load(file, { threads: 1, predictProba, log: () => undefined })

/** The case's rows as a client would send them. */
export function requestOf({
  inputs,
  columns,
  datatype,
}: Pick<Case, 'inputs' | 'columns' | 'datatype'>): PredictRequest {
  if (columns) {
    const tensors = Object.entries(columns).map(([name, cells]) => columnTensor(name, cells))
    return { protocol: 'v1', inputs: tensors, isNamed: true, parameters: {} }
  }
  return rowsRequest(inputs ?? [], datatype)
}

export function rowsRequest(rows: readonly (readonly (number | null)[])[], datatype?: 'FP32'): PredictRequest {
  const shape = [rows.length, rows[0]?.length ?? 0]
  const cells = rows.flat().map((cell) => cell ?? Number.NaN)
  const tensor: Tensor =
    datatype === 'FP32'
      ? { name: 'input-0', datatype, shape, data: Float32Array.from(cells) }
      : { name: 'input-0', datatype: 'FP64', shape, data: Float64Array.from(cells) }
  return { protocol: 'v1', inputs: [tensor], isNamed: false, parameters: {} }
}

export function columnTensor(name: string, cells: readonly (number | string | null)[]): Tensor {
  const isText = cells.some((cell) => typeof cell === 'string')
  return isText
    ? { name, datatype: 'BYTES', shape: [cells.length], data: cells.map(String) }
    : {
        name,
        datatype: 'FP64',
        shape: [cells.length],
        data: Float64Array.from(cells, (cell) => Number(cell ?? Number.NaN)),
      }
}

/**
 * Labels are equal; numbers are equal to 1e-9, relative above 1: far closer than the promised 1e-5. Where scikit-learn
 * computes in float32, the server answers in float64 all the same, and both agree to float32's precision.
 */
export function assertRecorded(tensor: Tensor | undefined, recorded: Recorded, hasSingleParts = false): void {
  assert.ok(tensor)
  const isSingle = recorded.datatype === 'FP32' && tensor.datatype === 'FP64'
  assert.equal(tensor.datatype, isSingle ? 'FP64' : recorded.datatype)
  assert.deepEqual(tensor.shape, recorded.shape)
  const tolerance = isSingle || hasSingleParts ? 2e-7 : 1e-9
  assert.equal(tensor.data.length, recorded.data.length)
  for (const [index, want] of recorded.data.entries()) {
    const got: number | bigint | string | Uint8Array | undefined = tensor.data[index]
    if (typeof want === 'string') assert.equal(got, want, `element ${index}`)
    else if (want === null) assert.ok(Number.isNaN(got), `element ${index} is ${got}, scikit-learn says NaN`)
    else {
      const isClose = Math.abs(Number(got) - Number(want)) <= tolerance * Math.max(1, Math.abs(Number(want)))
      assert.ok(isClose, `element ${index} is ${got}, scikit-learn says ${want}`)
    }
  }
}
