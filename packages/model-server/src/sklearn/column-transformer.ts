import {
  isGlobal,
  isNdArray,
  isObject,
  type NdArray,
  numericElements,
  type PyValue,
  qualifiedName,
  textElements,
} from '../pickle/index.ts'
import type { Estimator } from './estimator.ts'
import type { ReadEstimator } from './estimators.ts'
import { featureNamesOf } from './feature-names.ts'
import { type EstimatorRecord, featureCountOf, listOf, optional, unreadable } from './record.ts'
import { checkWidth, joinColumns, selectColumns, type Table } from './table.ts'

interface Part {
  readonly positions: readonly number[]
  readonly transform: (input: Table) => Table
  readonly weight: number
}

/** ColumnTransformer: each part transforms its own columns, and the results stand side by side in the parts' order. */
export function readColumnTransformer(record: EstimatorRecord, read: ReadEstimator): Estimator {
  const featureCount = featureCountOf(record)
  const featureNames = featureNamesOf(record) ?? oldNamesOf(record)
  if (featureCount === undefined) return unreadable(record, 'does not say how many features it was fitted on')
  const parts = listOf(record, 'transformers_').flatMap((entry, index): readonly Part[] => {
    const [name, transformer, columns] = Array.isArray(entry) ? entry : []
    if (transformer === undefined || columns === undefined) {
      return unreadable(record, `has transformers_[${index}] of an unknown form`)
    }
    if (transformer === 'drop') return []
    const positions = positionsOf(record, name ?? null, columns, featureCount, featureNames)
    if (positions.length === 0) return []
    const transform = transformer === 'passthrough' ? pass : transformOf(record, read, transformer, index)
    return [{ positions, transform, weight: weightOf(record, name ?? null) }]
  })
  const expected = { className: record.className, featureCount }
  return {
    ...expected,
    featureNames,
    usedNames:
      featureNames && parts.flatMap(({ positions }) => positions.map((position) => featureNames[position] ?? '')),
    transform: (input) => {
      checkWidth(input, expected)
      const tables = parts.map(({ positions, transform, weight }) =>
        weighted(transform(selectColumns(input, positions)), weight),
      )
      return joinColumns(input.rows, tables)
    },
  }
}

const pass = (input: Table): Table => input

function transformOf(
  record: EstimatorRecord,
  read: ReadEstimator,
  transformer: PyValue,
  index: number,
): (input: Table) => Table {
  const { transform, className } = read(transformer, `${record.path}.transformers_[${index}]`)
  return transform ?? unreadable(record, `has a ${className} among its transformers, which transforms nothing`)
}

/** Fitted positions since 1.0; else what the user gave: names, positions, a slice or a mask. */
function positionsOf(
  record: EstimatorRecord,
  name: PyValue,
  columns: PyValue,
  count: number,
  names: readonly string[] | undefined,
): readonly number[] {
  const fitted = optional(record, '_transformer_to_input_indices')
  const known = fitted instanceof Map ? fitted.get(name) : undefined
  const positions = resolve(known ?? columns, count, names)
  const isInside = positions?.every((position) => Number.isInteger(position) && position >= 0 && position < count)
  return positions && isInside
    ? positions
    : unreadable(record, `has columns of an unknown form for ${String(name).slice(0, 60)}`)
}

function resolve(columns: PyValue, count: number, names: readonly string[] | undefined): readonly number[] | undefined {
  if (typeof columns === 'number') return [columns < 0 ? columns + count : columns]
  if (typeof columns === 'string') return [names?.indexOf(columns) ?? -1]
  if (isObject(columns) && qualifiedName(columns.type) === 'builtins.slice')
    return resolveSlice(columns.args, count, names)
  if (isObject(columns) && columns.state instanceof Map) return resolve(columns.state.get('data') ?? null, count, names)
  const items = isNdArray(columns) ? elementsOf(columns) : columns
  if (!Array.isArray(items)) return undefined
  const isMask =
    (isNdArray(columns) && columns.dtype.code === 'b') ||
    (items.length > 0 && items.every((item) => typeof item === 'boolean'))
  if (isMask) return items.flatMap((item, index) => (item ? [index] : []))
  return items.map((item) => (typeof item === 'string' ? (names?.indexOf(item) ?? -1) : fromEnd(Number(item), count)))
}

function elementsOf(array: NdArray): readonly PyValue[] {
  const numbers: ArrayLike<number | bigint> = numericElements(array) ?? []
  return array.objects ?? textElements(array) ?? Array.from(numbers)
}

const fromEnd = (position: number, count: number): number => (position < 0 ? position + count : position)

/** A slice of positions excludes its end; one of names includes it. */
function resolveSlice(
  [start = null, stop = null, step = null]: readonly PyValue[],
  count: number,
  names: readonly string[] | undefined,
): readonly number[] | undefined {
  const first = typeof start === 'string' ? (names?.indexOf(start) ?? -1) : fromEnd(Number(start ?? 0), count)
  const end =
    typeof stop === 'string' ? (names?.indexOf(stop) ?? -2) + 1 : stop === null ? count : fromEnd(Number(stop), count)
  const stride = step === null ? 1 : Number(step)
  if (!(stride >= 1) || !(first >= 0)) return undefined
  const positions: number[] = []
  for (let position = first; position < Math.min(end, count); position += stride) positions.push(position)
  return positions
}

/** Versions 0.22 and 0.23 kept the names of the columns in a pandas index. */
function oldNamesOf(record: EstimatorRecord): readonly string[] | undefined {
  const value = optional(record, '_df_columns') ?? optional(record, '_feature_names_in')
  if (isNdArray(value)) return textElements(value)
  const state = isObject(value) && !isGlobal(value) ? value.args[1] : undefined
  const data = state instanceof Map ? state.get('data') : undefined
  return isNdArray(data) ? textElements(data) : undefined
}

function weightOf(record: EstimatorRecord, name: PyValue): number {
  const weights = optional(record, 'transformer_weights')
  const weight = weights instanceof Map ? weights.get(name) : undefined
  return typeof weight === 'number' ? weight : 1
}

function weighted(table: Table, weight: number): Table {
  if (weight === 1 || table.kind === 'mixed') return table
  return { ...table, data: table.data.map((value) => value * weight) }
}
