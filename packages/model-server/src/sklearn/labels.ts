import type { TensorArrays } from '@millrace/protocol'
import {
  describeValue,
  formatArray,
  isNdArray,
  type NumericArray,
  numericElements,
  type PyValue,
  textElements,
} from '../pickle/index.ts'
import { type EstimatorRecord, required, unreadable } from './record.ts'

type LabelDatatype =
  | 'BOOL'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'FP32'
  | 'FP64'
  | 'BYTES'

/** Class labels in the type that the model was trained with: `classes_` as a tensor's content. */
export type Labels = {
  readonly [D in LabelDatatype]: { readonly datatype: D; readonly values: TensorArrays[D] }
}[LabelDatatype]

/** Reads `classes_`, or another array of labels under `name`. */
export function labelsOf(record: EstimatorRecord, name = 'classes_'): Labels {
  return labelsIn(record, name, required(record, name))
}

/** `classes_` of a classifier with several outputs is a list with an array for each; of others, one array. */
export function labelListOf(record: EstimatorRecord): readonly Labels[] {
  const value = required(record, 'classes_')
  const isMany = Array.isArray(value) && value.every((item) => isNdArray(item))
  return isMany
    ? value.map((item, index) => labelsIn(record, `classes_[${index}]`, item))
    : [labelsIn(record, 'classes_', value)]
}

function labelsIn(record: EstimatorRecord, name: string, value: PyValue): Labels {
  if (!isNdArray(value)) return unreadable(record, `has ${describeValue(value)} as ${name}, not an array of labels`)
  if (value.shape.length !== 1)
    return unreadable(record, `has an array ${formatArray(value)} as ${name}, not a list of labels`)
  record.budget.charge(value.bytes.length + (value.objects?.length ?? 0) * 8)
  const texts = textElements(value)
  if (texts) return { datatype: 'BYTES', values: texts }
  const numbers = value.objects ? integersOf(value.objects) : numericElements(value)
  const labels = numbers && labelsFrom(numbers, value.dtype.code === 'b')
  return (
    labels ?? unreadable(record, `has labels of type ${formatArray(value)}: train with labels that are numbers or text`)
  )
}

function labelsFrom(numbers: NumericArray, isBool: boolean): Labels | undefined {
  if (numbers instanceof Uint8Array) return { datatype: isBool ? 'BOOL' : 'UINT8', values: numbers }
  if (numbers instanceof BigInt64Array) return { datatype: 'INT64', values: numbers }
  if (numbers instanceof Int32Array) return { datatype: 'INT32', values: numbers }
  if (numbers instanceof Float64Array) return { datatype: 'FP64', values: numbers }
  if (numbers instanceof Float32Array) return { datatype: 'FP32', values: numbers }
  if (numbers instanceof Int16Array) return { datatype: 'INT16', values: numbers }
  if (numbers instanceof Int8Array) return { datatype: 'INT8', values: numbers }
  if (numbers instanceof Uint16Array) return { datatype: 'UINT16', values: numbers }
  if (numbers instanceof Uint32Array) return { datatype: 'UINT32', values: numbers }
  if (numbers instanceof BigUint64Array) return { datatype: 'UINT64', values: numbers }
  return undefined
}

/** An object array of Python ints or bools, as pandas gives for mixed columns. */
function integersOf(objects: readonly PyValue[]): NumericArray | undefined {
  if (objects.every((value) => typeof value === 'number')) {
    const isInteger = objects.every((value) => Number.isInteger(value))
    return isInteger ? BigInt64Array.from(objects, BigInt) : Float64Array.from(objects)
  }
  if (objects.every((value) => typeof value === 'boolean')) return Uint8Array.from(objects, Number)
  return undefined
}
