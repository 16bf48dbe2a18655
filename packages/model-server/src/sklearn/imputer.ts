import { InvalidInput } from '@millrace/protocol'
import { countElements, describeValue, isNdArray, isObject, type PyValue, textElements } from '../pickle/index.ts'
import type { Estimator } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import {
  type EstimatorRecord,
  flagOf,
  numbersIn,
  numbersOf,
  optional,
  partState,
  required,
  textOf,
  unreadable,
} from './record.ts'
import {
  checkFinite,
  type Column,
  type Expectation,
  joinColumns,
  nameColumn,
  splitColumns,
  type Table,
  toMatrix,
} from './table.ts'

/** What stands for a missing value, and what is put in its place in each column; undefined drops the column. */
interface Imputation extends Expectation {
  readonly fills: readonly (number | string | undefined)[]
  readonly isMissing: (cell: number | string | null) => boolean
  /** Columns whose missing flags are appended. */
  readonly flagged: readonly number[]
  readonly isText: boolean
}

/** SimpleImputer for numbers and for text. */
export function readSimpleImputer(record: EstimatorRecord): Estimator {
  const imputation = imputationOf(record)
  return {
    className: record.className,
    featureCount: imputation.featureCount,
    featureNames: featureNamesOf(record),
    textFeatures: imputation.fills.map((fill) => typeof fill === 'string'),
    transform: (input) => impute(imputation, input),
  }
}

function impute(imputation: Imputation, input: Table): Table {
  const { className, fills, isMissing, flagged, isText } = imputation
  const isNumeric = !isText || input.kind === 'matrix'
  const table = isNumeric ? toMatrix(input, imputation) : input
  if (table.kind === 'matrix') checkFinite(table, className, isMissing(Number.NaN))
  const columns = splitColumns(table)
  const isSingle = table.kind === 'matrix' && table.isSingle
  const filled = columns.flatMap((column, index) => {
    const fill = fills[index]
    if (fill === undefined) return []
    return [fillColumn(column, fill, isMissing, nameColumn(input.names, index), isSingle)]
  })
  const flags = flagged.map((index) => flagsOf(columns[index] ?? { kind: 'texts', data: [] }, isMissing))
  const parts = [...filled, ...flags].map((column) => tableOf(column, table.rows, isSingle))
  return { ...joinColumns(table.rows, parts), names: parts.length === columns.length ? input.names : undefined }
}

function fillColumn(
  column: Column,
  fill: number | string,
  isMissing: Imputation['isMissing'],
  where: string,
  isSingle: boolean,
): Column {
  if (column.kind === 'texts') {
    return { kind: 'texts', data: column.data.map((cell) => (isMissing(cell) ? String(fill) : cell)) }
  }
  if (typeof fill === 'number') {
    const value = isSingle ? Math.fround(fill) : fill
    return { kind: 'numbers', data: column.data.map((cell) => (isMissing(cell) ? value : cell)) }
  }
  if (column.data.some((cell) => isMissing(cell)) && !column.data.every((cell) => isMissing(cell))) {
    throw new InvalidInput(`${where} of the input holds numbers, and the model was trained on text there`)
  }
  return column.data.every((cell) => isMissing(cell))
    ? { kind: 'texts', data: Array.from(column.data, () => fill) }
    : column
}

const flagsOf = (column: Column, isMissing: Imputation['isMissing']): Column => ({
  kind: 'numbers',
  data: Float64Array.from(column.data as ArrayLike<number | string | null>, (cell) => (isMissing(cell) ? 1 : 0)),
})

function tableOf(column: Column, rows: number, isSingle: boolean): Table {
  return column.kind === 'numbers'
    ? { kind: 'matrix', rows, columns: 1, data: column.data, isSingle, names: undefined }
    : { kind: 'mixed', rows, columns: [column], names: undefined }
}

function imputationOf(record: EstimatorRecord): Imputation {
  const statistics = statisticsOf(record)
  const keepsEmpty = flagOf(record, 'keep_empty_features') || textOf(record, 'strategy') === 'constant'
  const fills = statistics.map((fill) => (Number.isNaN(fill) && !keepsEmpty ? undefined : fill))
  return {
    className: record.className,
    featureCount: fills.length,
    fills,
    isMissing: isMissingOf(record),
    flagged: flaggedOf(record),
    isText: statistics.some((fill) => typeof fill === 'string'),
  }
}

function statisticsOf(record: EstimatorRecord): readonly (number | string)[] {
  const value = required(record, 'statistics_')
  if (!isNdArray(value)) return unreadable(record, `has ${describeValue(value)} as statistics_`)
  record.budget.charge(8 * countElements(value.shape) + value.bytes.length)
  if (!value.objects) return textElements(value) ?? Array.from(numbersIn(record, 'statistics_', value).data)
  return value.objects.map((item) => {
    if (item === null) return Number.NaN
    if (typeof item === 'string' || typeof item === 'number') return item
    return typeof item === 'boolean' ? Number(item) : unreadable(record, `has ${describeValue(item)} among statistics_`)
  })
}

function isMissingOf(record: EstimatorRecord): Imputation['isMissing'] {
  const marker: PyValue = record.attributes.get('missing_values') ?? null
  const isNothing = marker === null || isObject(marker) || (typeof marker === 'number' && Number.isNaN(marker))
  if (isNothing) return (cell) => cell === null || (typeof cell === 'number' && Number.isNaN(cell))
  return (cell) => cell === marker
}

function flaggedOf(record: EstimatorRecord): readonly number[] {
  if (!flagOf(record, 'add_indicator')) return []
  const indicator = partState(record, 'indicator_', optional(record, 'indicator_'))
  const count = numbersOf(record, 'statistics_').data.length
  const features = Array.from(numbersOf(indicator, 'features_').data)
  const isInside = features.every((feature) => Number.isInteger(feature) && feature >= 0 && feature < count)
  return isInside ? features : unreadable(indicator, 'flags columns that do not exist')
}
