import {
  countElements,
  describeValue,
  float64Elements,
  formatArray,
  isNdArray,
  isObject,
  type NdArray,
  type PyObject,
  type PyValue,
} from '../pickle/index.ts'
import { ModelUnreadable } from '../runtime.ts'
import type { LoadBudget } from './load-budget.ts'

/** A fitted estimator as the file has it: attributes by name, and where in the model it stands. */
export interface EstimatorRecord {
  readonly className: string
  /** `model`, `model.steps[1]`: for messages. */
  readonly path: string
  readonly attributes: ReadonlyMap<PyValue, PyValue>
  /** Version of scikit-learn that saved it, as [major, minor]; [0, 0] where the file does not say. */
  readonly version: readonly [number, number]
  readonly budget: LoadBudget
}

/** Doubles in row-major order with the array's shape; [] for a plain number. */
export interface Numbers {
  readonly data: Float64Array
  readonly shape: readonly number[]
  /** The file holds float32: scikit-learn then computes in float32. */
  readonly isSingle: boolean
}

/** @throws ModelUnreadable: `SVC (model.steps[1]) …` */
export function unreadable(record: Pick<EstimatorRecord, 'className' | 'path'>, what: string): never {
  throw new ModelUnreadable(`${record.className} (${record.path}) ${what}`)
}

export function createRecord(object: PyObject, path: string, budget: LoadBudget): EstimatorRecord {
  const className = object.type.name
  if (!(object.state instanceof Map)) {
    throw new ModelUnreadable(`${className} (${path}) has no attributes: save a fitted scikit-learn model`)
  }
  const version = /^(\d{1,3})\.(\d{1,3})/.exec(textIn(object.state.get('_sklearn_version')))
  return {
    className,
    path,
    attributes: object.state,
    version: [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)],
    budget,
  }
}

/** Whether the model was saved by an older scikit-learn than `major.minor`. */
export function isBefore({ version }: EstimatorRecord, major: number, minor: number): boolean {
  return version[0] < major || (version[0] === major && version[1] < minor)
}

/** The attribute, or undefined when it is missing or None. */
export function optional(record: EstimatorRecord, name: string): PyValue | undefined {
  return record.attributes.get(name) ?? undefined
}

/** The first of several spellings that the file has: attributes were renamed between versions. */
export function required(record: EstimatorRecord, ...names: readonly [string, ...string[]]): PyValue {
  for (const name of names) {
    const value = optional(record, name)
    if (value !== undefined) return value
  }
  return unreadable(record, `has no ${names[0]}: fit the model before it is saved`)
}

export function numberOf(record: EstimatorRecord, ...names: readonly [string, ...string[]]): number {
  const { data } = numbersIn(record, names[0], required(record, ...names))
  return data.length === 1 ? (data[0] ?? 0) : unreadable(record, `has ${data.length} numbers as ${names[0]}, not one`)
}

/** A whole number that a loop may count to. */
export function integerOf(record: EstimatorRecord, ...names: readonly [string, ...string[]]): number {
  const value = numberOf(record, ...names)
  const isSane = Number.isInteger(value) && Math.abs(value) < 2 ** 31
  return isSane ? value : unreadable(record, `has ${value} as ${names[0]}, not a whole number`)
}

export function textOf(record: EstimatorRecord, name: string): string {
  const value = required(record, name)
  return typeof value === 'string' ? value : unreadable(record, `has ${describeValue(value)} as ${name}, not a text`)
}

const textIn = (value: PyValue | undefined): string => (typeof value === 'string' ? value : '')

/** A text of the file for a message: short, and on one line. */
export const quoteText = (value: PyValue | undefined): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : describeValue(value)

/** A flag; false when it is missing, None, or a text such as 'deprecated'. */
export const flagOf = (record: EstimatorRecord, name: string): boolean => record.attributes.get(name) === true

export function listOf(record: EstimatorRecord, name: string): readonly PyValue[] {
  const value = required(record, name)
  if (Array.isArray(value)) return value
  if (isNdArray(value) && value.objects && !(value.isFortran && value.shape.length > 1)) return value.objects
  return unreadable(record, `has ${describeValue(value)} as ${name}, not a list`)
}

export function numbersOf(record: EstimatorRecord, ...names: readonly [string, ...string[]]): Numbers {
  return numbersIn(record, names[0], required(record, ...names))
}

export function arrayOf(record: EstimatorRecord, name: string): NdArray {
  const value = required(record, name)
  return isNdArray(value) ? value : unreadable(record, `has ${describeValue(value)} as ${name}, not an array`)
}

/** The number of columns that the model was fitted on; undefined for versions before 0.24 that kept none. */
export function featureCountOf(record: EstimatorRecord): number | undefined {
  for (const name of ['n_features_in_', 'n_features_', '_n_features']) {
    const value = record.attributes.get(name)
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31) return value
  }
  return undefined
}

/** Numbers of an array, of a list of numbers, or of one number. */
export function numbersIn(record: EstimatorRecord, name: string, value: PyValue): Numbers {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return { data: Float64Array.of(Number(value)), shape: [], isSingle: false }
  }
  if (Array.isArray(value)) record.budget.charge(value.length * 8)
  if (Array.isArray(value) && value.every((item) => typeof item === 'number' || typeof item === 'boolean')) {
    return { data: Float64Array.from(value, Number), shape: [value.length], isSingle: false }
  }
  if (!isNdArray(value)) return unreadable(record, `has ${describeValue(value)} as ${name}, not numbers`)
  record.budget.charge(countElements(value.shape) * 8)
  const data = float64Elements(value)
  if (!data) return unreadable(record, `has an array ${formatArray(value)} as ${name}, not numbers`)
  return { data, shape: value.shape, isSingle: value.dtype.code === 'f' && value.dtype.itemBytes === 4 }
}

/** The state of a part that is no estimator: a tree, a sparse matrix, a loss. */
export function partState(record: EstimatorRecord, name: string, value: PyValue | undefined): EstimatorRecord {
  if (!isObject(value) || !(value.state instanceof Map)) {
    return unreadable(record, `has ${describeValue(value)} as ${name}`)
  }
  return { ...record, className: value.type.name, path: `${record.path}.${name}`, attributes: value.state }
}
