import { elementCount, InvalidInput, type Tensor } from '@millrace/protocol'
import type { PredictRequest } from '../runtime.ts'
import type { Estimator } from './estimator.ts'
import { type Column, type Mixed, splitColumns, type Table, toMatrix } from './table.ts'

/**
 * The request as a table: one tensor of rows × features, or a column for each named tensor. Columns are brought into the
 * order of the model's feature names where both have names.
 */
export function tableFromRequest({ inputs, isNamed }: PredictRequest, model: Estimator): Table {
  const [first] = inputs
  if (!first) throw new InvalidInput('the request has no inputs: one tensor of shape [rows, features] is expected')
  if (inputs.length === 1 && first.shape.length === 1 && first.shape[0] === 0) return emptyTable(model)
  if (inputs.length === 1 && first.shape.length === 2 && !isColumnOf(first, isNamed, model)) return tableOf(first)
  if (inputs.length === 1 && !isColumnOf(first, isNamed, model)) {
    throw new InvalidInput(
      `input ${JSON.stringify(first.name)} has the shape [${first.shape.join(',')}], and ` +
        `[rows, ${model.featureCount ?? 'features'}] is expected: put a single row into a list of its own`,
    )
  }
  return narrowed(orderColumns(inputs, model))
}

/** A tensor alone is a column when its name is one of the model's, or when it is flat and the model has one feature. */
function isColumnOf(tensor: Tensor, isNamed: boolean, model: Estimator): boolean {
  if (!isNamed) return false
  const isFlat = tensor.shape.length === 1
  return model.featureNames?.includes(tensor.name) === true || (isFlat && model.featureCount === 1)
}

/** V1's `{"instances": []}`: no rows give no predictions. */
function emptyTable({ featureCount }: Estimator): Table {
  return {
    kind: 'matrix',
    rows: 0,
    columns: featureCount ?? 0,
    data: new Float64Array(0),
    isSingle: false,
    names: undefined,
  }
}

function tableOf(tensor: Tensor): Table {
  const [rows = 0, columns = 0] = tensor.shape
  if (tensor.datatype === 'BYTES') {
    const texts = textsOf(tensor.data)
    const split = Array.from(
      { length: columns },
      (_, column): Column => ({
        kind: 'texts',
        data: Array.from({ length: rows }, (_, row) => texts[row * columns + column] ?? null),
      }),
    )
    return { kind: 'mixed', rows, columns: split, names: undefined }
  }
  return { kind: 'matrix', rows, columns, data: numbersOf(tensor), isSingle: isSingle(tensor), names: undefined }
}

const isSingle = (tensor: Tensor): boolean => tensor.datatype === 'FP32' || tensor.datatype === 'FP16'

function numbersOf(tensor: Exclude<Tensor, { readonly datatype: 'BYTES' }>): Float64Array {
  if (tensor.datatype === 'FP64') return tensor.data
  if (tensor.datatype === 'INT64' || tensor.datatype === 'UINT64') {
    const numbers = new Float64Array(tensor.data.length)
    for (let i = 0; i < numbers.length; i++) numbers[i] = Number(tensor.data[i])
    return numbers
  }
  return Float64Array.from(tensor.data)
}

const textsOf = (items: readonly (string | Uint8Array)[]): readonly string[] =>
  items.map((item) => (typeof item === 'string' ? item : Buffer.from(item).toString('utf8')))

function orderColumns(inputs: readonly Tensor[], model: Estimator): Mixed {
  const rows = inputs[0]?.shape[0] ?? 0
  for (const { name, shape } of inputs) {
    const isColumn = shape.length === 1 || (shape.length === 2 && shape[1] === 1)
    if (!isColumn || elementCount(shape) !== rows) {
      throw new InvalidInput(
        `input ${JSON.stringify(name)} has the shape [${shape.join(',')}]; several inputs are columns of one table, each of shape [${rows}]`,
      )
    }
  }
  const names = model.featureNames
  const chosen = names ? byName(inputs, names, model) : inputs
  return { kind: 'mixed', rows, columns: chosen.map(columnOf), names: chosen.map(({ name }) => name) }
}

function byName(inputs: readonly Tensor[], names: readonly string[], model: Estimator): readonly Tensor[] {
  const given = new Map(inputs.map((input) => [input.name, input]))
  const missing = (model.usedNames ?? names).filter((name) => !given.has(name))
  if (missing.length > 0) {
    throw new InvalidInput(
      `${model.className} was fitted on the columns ${list(names)}; the request lacks ${list(missing)}`,
    )
  }
  const extra = inputs.filter(({ name }) => !names.includes(name)).map(({ name }) => name)
  if (extra.length > 0 && !model.usedNames) {
    throw new InvalidInput(
      `${model.className} was fitted on the columns ${list(names)}; the request also has ${list(extra)}`,
    )
  }
  const rows = inputs[0]?.shape[0] ?? 0
  return names.map((name) => given.get(name) ?? unusedColumn(name, rows))
}

const unusedColumn = (name: string, rows: number): Tensor => ({
  name,
  datatype: 'FP64',
  shape: [rows],
  data: new Float64Array(rows).fill(Number.NaN),
})

function list(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => JSON.stringify(name))
  return names.length > shown.length ? `${shown.join(', ')} … (${names.length} in all)` : shown.join(', ')
}

const columnOf = (tensor: Tensor): Column =>
  tensor.datatype === 'BYTES'
    ? { kind: 'texts', data: textsOf(tensor.data) }
    : { kind: 'numbers', data: numbersOf(tensor) }

/** Columns that are all numbers become a matrix. */
function narrowed(table: Mixed): Table {
  const isNumeric = splitColumns(table).every((column) => column.kind === 'numbers')
  return isNumeric ? toMatrix(table, { className: '', featureCount: undefined }) : table
}
