import { isNdArray, numericElements, type PyValue } from '../pickle/index.ts'
import { type Categories, categoriesOf, checkKnown } from './categories.ts'
import type { Estimator } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import { type EstimatorRecord, flagOf, listOf, numberOf, optional, textOf, unreadable } from './record.ts'
import {
  checkWidth,
  createMatrix,
  type Expectation,
  type Matrix,
  nameColumn,
  splitColumns,
  type Table,
} from './table.ts'

/** How the codes of one column become the codes that are written: rare categories share one. */
interface Grouping {
  /** New code of each category. */
  readonly codes: Int32Array
  readonly rareCode: number
}

interface EncodedColumn {
  readonly categories: Categories
  readonly grouping: Grouping | undefined
}

/** OneHotEncoder: a column of 0 and 1 for each category that is not dropped. */
export function readOneHotEncoder(record: EstimatorRecord): Estimator {
  const columns = encodedColumnsOf(record)
  const expected: Expectation = { className: record.className, featureCount: columns.length }
  const unknown = textOf(record, 'handle_unknown')
  const dropped = droppedOf(record, columns.length)
  const widths = columns.map((column, index) => groupCount(column) - ((dropped[index] ?? -1) >= 0 ? 1 : 0))
  const width = widths.reduce((sum, count) => sum + count, 0)
  const transform = (input: Table): Matrix => {
    checkWidth(input, expected)
    const matrix = createMatrix(input.rows, width)
    let offset = 0
    for (const [index, codes] of encode(record, columns, input, unknown).entries()) {
      const drop = dropped[index] ?? -1
      for (let row = 0; row < codes.length; row++) {
        const code = codes[row] ?? -1
        if (code < 0 || code === drop) continue
        matrix.data[row * width + offset + (drop >= 0 && code > drop ? code - 1 : code)] = 1
      }
      offset += widths[index] ?? 0
    }
    return matrix
  }
  const textFeatures = columns.map(({ categories }) => categories.isText)
  return { ...expected, featureNames: featureNamesOf(record), textFeatures, transform }
}

/** OrdinalEncoder: the code of each category as a number. */
export function readOrdinalEncoder(record: EstimatorRecord): Estimator {
  const columns = encodedColumnsOf(record)
  const expected: Expectation = { className: record.className, featureCount: columns.length }
  const unknown = (optional(record, 'handle_unknown') ?? 'error') as string
  const unknownValue = unknown === 'use_encoded_value' ? numberOf(record, 'unknown_value') : Number.NaN
  // Before 1.1 a missing value was a category like any other.
  const missing = optional(record, '_missing_indices')
  const encodedMissing = optional(record, 'encoded_missing_value')
  const missingValue = typeof encodedMissing === 'number' ? encodedMissing : Number.NaN
  const transform = (input: Table): Matrix => {
    checkWidth(input, expected)
    const matrix = createMatrix(input.rows, columns.length)
    for (const [index, codes] of encode(record, columns, input, unknown).entries()) {
      const missingCode = missing === undefined ? undefined : columns[index]?.categories.missingCode
      for (let row = 0; row < codes.length; row++) {
        const code = codes[row] ?? -1
        const value = code === missingCode ? missingValue : code < 0 ? unknownValue : code
        matrix.data[row * columns.length + index] = value
      }
    }
    return matrix
  }
  const textFeatures = columns.map(({ categories }) => categories.isText)
  return { ...expected, featureNames: featureNamesOf(record), textFeatures, transform }
}

/** The codes of every column, grouped; -1 stays for unknown categories where the encoder lets them through. */
function encode(
  record: EstimatorRecord,
  columns: readonly EncodedColumn[],
  input: Table,
  unknown: string,
): readonly Int32Array[] {
  const isGrouped = unknown === 'infrequent_if_exist' || unknown === 'warn'
  const isOrdinal = record.className === 'OrdinalEncoder'
  return splitColumns(input).map((column, index) => {
    const encoded = columns[index] ?? unreadable(record, 'has too few categories_')
    const where = nameColumn(input.names, index)
    const codes = encoded.categories.encode(column, where)
    if (unknown === 'error') checkKnown(codes, column, where, record.className)
    const { grouping, categories } = encoded
    if (!grouping) return codes
    const missingCode = isOrdinal ? categories.missingCode : undefined
    return codes.map((code) => {
      if (code < 0) return isGrouped ? grouping.rareCode : -1
      return code === missingCode ? code : (grouping.codes[code] ?? code)
    })
  })
}

function encodedColumnsOf(record: EstimatorRecord): readonly EncodedColumn[] {
  const groupings = flagOf(record, '_infrequent_enabled') ? listOf(record, '_default_to_infrequent_mappings') : []
  return listOf(record, 'categories_').map((value, index) => {
    const categories = categoriesOf(record, `categories_[${index}]`, value)
    return { categories, grouping: groupingOf(record, groupings[index] ?? null, categories) }
  })
}

/** The mapping gives rare categories the highest of the new codes. */
function groupingOf(record: EstimatorRecord, mapping: PyValue, categories: Categories): Grouping | undefined {
  if (mapping === null) return undefined
  const elements = isNdArray(mapping) ? numericElements(mapping) : undefined
  if (!elements || elements.length > categories.count)
    return unreadable(record, 'has infrequent categories of an unknown form')
  record.budget.charge(elements.length * 4)
  const codes = Int32Array.from(elements as ArrayLike<number | bigint>, Number)
  if (!codes.every((code) => code >= 0 && code < categories.count))
    return unreadable(record, 'groups categories it does not have')
  return { codes, rareCode: codes.reduce((most, code) => Math.max(most, code), 0) }
}

const groupCount = ({ grouping, categories }: EncodedColumn): number =>
  grouping ? grouping.rareCode + 1 : categories.count

/** The dropped category of each column, after grouping; -1 where none is dropped. */
function droppedOf(record: EstimatorRecord, columns: number): readonly number[] {
  const value = optional(record, '_drop_idx_after_grouping') ?? optional(record, 'drop_idx_')
  if (!isNdArray(value)) return Array.from({ length: columns }, () => -1)
  const items: ArrayLike<PyValue> | undefined = value.objects ?? numericElements(value)
  if (!items || items.length !== columns) return unreadable(record, 'has drop_idx_ for another number of columns')
  return Array.from(items, (item) => (item === null ? -1 : Number(item)))
}
