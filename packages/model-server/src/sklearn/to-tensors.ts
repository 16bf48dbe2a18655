import { InvalidInput, type Tensor, type TensorSpec } from '@millrace/protocol'
import type { Outcome, Prediction, Scores } from './estimator.ts'
import type { Labels } from './labels.ts'

/** KServe's servers name the one output of a model so. */
const outputName = 'output-0'

/** What `predict` answers with, for the model's metadata. */
export function describeOutcome(outcome: Outcome): TensorSpec {
  if (outcome.kind === 'numbers') {
    const shape = outcome.width === undefined ? [-1] : [-1, outcome.width]
    return { name: outputName, datatype: outcome.datatype, shape }
  }
  const shape = outcome.isWide ? [-1, outcome.classes.length] : [-1]
  return { name: outputName, datatype: outcome.classes[0]?.datatype ?? 'INT64', shape }
}

/** The result of `predict` in the type of the training data's labels. */
export function predictionTensor(outcome: Outcome, prediction: Prediction, rows: number): Tensor {
  const { name, datatype, shape: spec } = describeOutcome(outcome)
  const shape = [rows, ...spec.slice(1)]
  if (outcome.kind === 'labels') return labelTensor(outcome.classes, prediction, shape)
  switch (datatype) {
    case 'INT64':
      return { name, datatype, shape, data: BigInt64Array.from(prediction, BigInt) }
    case 'INT32':
      return { name, datatype, shape, data: Int32Array.from(prediction) }
    case 'FP32':
      return { name, datatype, shape, data: Float32Array.from(prediction) }
    default:
      return { name, datatype: 'FP64', shape, data: Float64Array.from(prediction) }
  }
}

/** Probabilities: rows × classes, or outputs × rows × classes for several outputs with equally many classes. */
export function probabilityTensor(outputs: readonly Scores[]): Tensor {
  const [first] = outputs
  if (!first || !outputs.every((scores) => scores.columns === first.columns)) {
    throw new InvalidInput(
      'this model has outputs with different numbers of classes, whose probabilities fit in no tensor',
    )
  }
  const shape = [first.rows, first.columns]
  if (outputs.length === 1) return { name: outputName, datatype: 'FP64', shape, data: first.data }
  const data = new Float64Array(outputs.length * first.data.length)
  for (const [index, scores] of outputs.entries()) data.set(scores.data, index * first.data.length)
  return { name: outputName, datatype: 'FP64', shape: [outputs.length, ...shape], data }
}

/** Picks each label by its position. Several outputs share the type of the first one's labels. */
function labelTensor(classes: readonly Labels[], positions: Prediction, shape: readonly number[]): Tensor {
  const [first] = classes
  if (!first) throw new Error('a classifier without classes')
  const pick = (index: number): number | bigint | string | Uint8Array =>
    classes[index % classes.length]?.values[positions[index] ?? 0] ?? 0
  const name = outputName
  const length = positions.length
  const fill = <T extends { [index: number]: number } | { [index: number]: bigint }>(data: T): T => {
    for (let i = 0; i < length; i++) (data as Record<number, unknown>)[i] = pick(i)
    return data
  }
  switch (first.datatype) {
    case 'BYTES':
      return { name, datatype: 'BYTES', shape, data: Array.from(positions, (_, index) => textOf(pick(index))) }
    case 'INT64':
      return { name, datatype: 'INT64', shape, data: BigInt64Array.from(positions, (_, i) => wholeOf(pick(i))) }
    case 'UINT64':
      return {
        name,
        datatype: 'UINT64',
        shape,
        data: BigUint64Array.from(positions, (_, i) => wholeOf(pick(i))),
      }
    case 'BOOL':
      return { name, datatype: 'BOOL', shape, data: fill(new Uint8Array(length)) }
    case 'INT8':
      return { name, datatype: 'INT8', shape, data: fill(new Int8Array(length)) }
    case 'INT16':
      return { name, datatype: 'INT16', shape, data: fill(new Int16Array(length)) }
    case 'INT32':
      return { name, datatype: 'INT32', shape, data: fill(new Int32Array(length)) }
    case 'UINT8':
      return { name, datatype: 'UINT8', shape, data: fill(new Uint8Array(length)) }
    case 'UINT16':
      return { name, datatype: 'UINT16', shape, data: fill(new Uint16Array(length)) }
    case 'UINT32':
      return { name, datatype: 'UINT32', shape, data: fill(new Uint32Array(length)) }
    case 'FP32':
      return { name, datatype: 'FP32', shape, data: fill(new Float32Array(length)) }
    case 'FP64':
      return { name, datatype: 'FP64', shape, data: fill(new Float64Array(length)) }
  }
}

const wholeOf = (label: number | bigint | string | Uint8Array): bigint =>
  typeof label === 'bigint' ? label : BigInt(Number(label))

const textOf = (label: number | bigint | string | Uint8Array): string | Uint8Array =>
  typeof label === 'number' || typeof label === 'bigint' ? String(label) : label
