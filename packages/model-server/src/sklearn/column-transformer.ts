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
import type { Estimator, ReadEstimator } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import { type EstimatorRecord, featureCountOf, listOf, optional, quoteText, unreadable } from './record.ts'
import { checkWidth, joinColumns, selectColumns, type Table } from './table.ts'

interface Part {
  readonly positions: readonly number[]
  readonly transform: (input: Table) => Table
  readonly weight: number
  readonly textFeatures: readonly boolean[] | undefined
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
    const weight = weightOf(record, name ?? null)
    if (transformer === 'passthrough') return [{ positions, transform: pass, weight, textFeatures: undefined }]
    const { transform, className, textFeatures } = read(transformer, `${record.path}.transformers_[${index}]`)
    if (!transform) return unreadable(record, `has a ${className} among its transformers, which transforms nothing`)
    return [{ positions, transform, weight, textFeatures }]
  })
  const expected = { className: record.className, featureCount }
  return {
    ...expected,
    featureNames,
    textFeatures: textFeaturesOf(record, parts, featureCount),
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

function textFeaturesOf(
  record: EstimatorRecord,
  parts: readonly Part[],
  featureCount: number,
): readonly boolean[] | undefined {
  if (!parts.some(({ textFeatures }) => textFeatures?.includes(true))) return undefined
  record.budget.charge(featureCount * 8)
  const isText = Array.from({ length: featureCount }, () => false)
  for (const { positions, textFeatures } of parts) {
    for (const [index, position] of positions.entries()) if (textFeatures?.[index]) isText[position] = true
  }
  return isText
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
  const positions = resolve(record, known ?? columns, count, names)
  const isInside = positions?.every((position) => Number.isInteger(position) && position >= 0 && position < count)
  return positions && isInside ? positions : unreadable(record, `has columns of an unknown form for ${quoteText(name)}`)
}

function resolve(
  record: EstimatorRecord,
  columns: PyValue,
  count: number,
  names: readonly string[] | undefined,
): readonly number[] | undefined {
  record.budget.charge(isNdArray(columns) ? columns.bytes.length : 8)
  if (typeof columns === 'number') return [columns < 0 ? columns + count : columns]
  if (typeof columns === 'string') return [names?.indexOf(columns) ?? -1]
  if (isObject(columns) && qualifiedName(columns.type) === 'builtins.slice')
    return resolveSlice(record, columns.args, count, names)
  const inner = isObject(columns) && columns.state instanceof Map ? columns.state.get('data') : undefined
  if (Array.isArray(inner)) return resolve(record, inner, count, names)
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
  record: EstimatorRecord,
  [start = null, stop = null, step = null]: readonly PyValue[],
  count: number,
  names: readonly string[] | undefined,
): readonly number[] | undefined {
  const first = typeof start === 'string' ? (names?.indexOf(start) ?? -1) : fromEnd(Number(start ?? 0), count)
  const end =
    typeof stop === 'string' ? (names?.indexOf(stop) ?? -2) + 1 : stop === null ? count : fromEnd(Number(stop), count)
  const stride = step === null ? 1 : Number(step)
  if (!(stride >= 1) || !(first >= 0)) return undefined
  record.budget.charge(Math.max(0, Math.min(end, count) - first) * 8)
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
