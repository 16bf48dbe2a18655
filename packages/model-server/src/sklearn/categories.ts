import { InvalidInput } from '@millrace/protocol'
import {
  countElements,
  describeValue,
  float64Elements,
  isNdArray,
  type PyValue,
  textElements,
} from '../pickle/index.ts'
import { type EstimatorRecord, unreadable } from './record.ts'
import type { Column } from './table.ts'

/** The categories of one column, in the order of their codes. */
export interface Categories {
  readonly count: number
  readonly isText: boolean
  /** Code of the missing value, where the training data had one. */
  readonly missingCode: number | undefined
  /** The code of each cell, -1 for a category that was not seen in training. `where` names the column in messages. */
  readonly encode: (column: Column, where: string) => Int32Array
}

/** Reads one array of `categories_`: numbers, or text, either with a missing value (None or NaN) among them. */
export function categoriesOf(record: EstimatorRecord, name: string, value: PyValue): Categories {
  if (!isNdArray(value)) return unreadable(record, `has ${describeValue(value)} as ${name}, not categories`)
  record.budget.charge(8 * countElements(value.shape) + value.bytes.length)
  const known = value.objects?.map((item) => (typeof item === 'number' && Number.isNaN(item) ? null : item))
  const texts = known ? (isText(known) ? known : undefined) : textElements(value)
  if (texts) return textCategories(texts)
  const numbers = known ? objectNumbers(known) : float64Elements(value)
  return numbers ? numberCategories(numbers) : unreadable(record, `has ${name} that are neither numbers nor text`)
}

const isText = (items: readonly PyValue[]): items is (string | null)[] =>
  items.every((item) => typeof item === 'string' || item === null) && items.some((item) => typeof item === 'string')

function objectNumbers(items: readonly PyValue[]): Float64Array | undefined {
  const isNumeric = items.every((item) => item === null || typeof item === 'number' || typeof item === 'boolean')
  return isNumeric ? Float64Array.from(items, (item) => (item === null ? Number.NaN : Number(item))) : undefined
}

function textCategories(texts: readonly (string | null)[]): Categories {
  const codes = new Map<string | null, number>()
  for (const [code, text] of texts.entries()) if (!codes.has(text)) codes.set(text, code)
  return {
    count: texts.length,
    isText: true,
    missingCode: codes.get(null),
    encode: (column, where) => {
      if (column.kind === 'texts') return Int32Array.from(column.data, (text) => codes.get(text) ?? -1)
      const isEmpty = column.data.every((value) => Number.isNaN(value))
      if (isEmpty) return new Int32Array(column.data.length).fill(codes.get(null) ?? -1)
      throw new InvalidInput(`${where} of the input holds numbers, and the model was trained on text there`)
    },
  }
}

function numberCategories(numbers: Float64Array): Categories {
  const codes = new Map<number, number>()
  for (const [code, value] of numbers.entries()) if (!codes.has(value)) codes.set(value, code)
  return {
    count: numbers.length,
    isText: false,
    missingCode: codes.get(Number.NaN),
    encode: (column, where) => {
      if (column.kind === 'numbers') return Int32Array.from(column.data, (value) => codes.get(value) ?? -1)
      throw new InvalidInput(`${where} of the input holds text, and the model was trained on numbers there`)
    },
  }
}

/** @throws InvalidInput naming the first row whose category is unknown. */
export function checkKnown(codes: Int32Array, column: Column, where: string, className: string): void {
  const row = codes.indexOf(-1)
  if (row < 0) return
  const value = column.data[row]
  const shown = value === null || Number.isNaN(value) ? 'a missing value' : JSON.stringify(value).slice(0, 100)
  throw new InvalidInput(
    `row ${row}, ${where} of the input is ${shown}, which ${className} did not see in training (its handle_unknown is 'error')`,
  )
}
