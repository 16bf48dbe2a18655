import { InvalidInput } from './invalid-input.ts'
import { describeJson, isJsonObject, type JsonObject, parseJsonBody, parseJsonBodyExactly } from './json-body.ts'
import { dimensionsMax, forEachRow, measureShape } from './nested-array.ts'
import type { Datatype, Tensor } from './tensor.ts'
import { readTensorData } from './tensor-data.ts'

/** What a V1 predict body asks: one unnamed tensor (`input-0`), or one tensor for each key of its objects. */
export interface V1Request {
  readonly inputs: readonly Tensor[]
  readonly isNamed: boolean
}

/**
 * Reads a V1 predict body, as KServe's servers take it: `{"instances": [...]}` or `{"inputs": [...]}` (`inputs` wins).
 * - Arrays of numbers become FP64, or INT64 where one of them is an integer beyond 2^53 and none has a fraction; null is
 *   NaN; booleans alone become BOOL; texts become BYTES.
 * - Objects become columns: `[{"a": 1, "b": [2, 3]}]` gives a[1] and b[1,2]; a column as pandas writes it
 *   (`{"a": {"0": 1}}`) is the same as its list of values. `{"inputs": {"a": [...]}}` holds the columns themselves.
 * Throws `InvalidInput`.
 */
export function parseV1Request(body: Buffer): V1Request {
  const document = parseJsonBody(body)
  const { key, value } = findInstances(document)
  let request = readInstances(key, value)
  if (request === undefined) {
    const exact = findInstances(parseJsonBodyExactly(body))
    request = readInstances(exact.key, exact.value, true)
  }
  if (request === undefined) throw new Error('V1 body still inexact after exact reading')
  return request
}

function findInstances(document: unknown): { key: 'inputs' | 'instances'; value: unknown } {
  if (!isJsonObject(document)) {
    throw new InvalidInput(`Expected an object with "instances" or "inputs", got ${describeJson(document)}.`)
  }
  if (Object.hasOwn(document, 'inputs')) return { key: 'inputs', value: document['inputs'] }
  if (Object.hasOwn(document, 'instances')) return { key: 'instances', value: document['instances'] }
  const keys = Object.keys(document).slice(0, 5)
  const got =
    keys.length === 0 ? 'an empty object' : `only ${keys.map((k) => JSON.stringify(k.slice(0, 40))).join(', ')}`
  throw new InvalidInput(`Expected "instances" or "inputs" in the body, got ${got}.`)
}

/** Undefined: integers beyond 2^53 are among the numbers and `isExact` is false. */
function readInstances(key: 'inputs' | 'instances', value: unknown, isExact = false): V1Request | undefined {
  if (key === 'inputs' && isJsonObject(value)) return readColumns(value, isExact)
  if (!Array.isArray(value)) throw new InvalidInput(`Expected "${key}" to be a list, got ${describeJson(value)}.`)
  const first = firstLeaf(value)
  if (isJsonObject(first)) return readRows(key, value, isExact)
  const tensor = readArray('input-0', value, key, isExact)
  return tensor && { inputs: [tensor], isNamed: false }
}

function readColumns(value: JsonObject, isExact: boolean): V1Request | undefined {
  const inputs: Tensor[] = []
  for (const [name, column] of Object.entries(value)) {
    const tensor = readArray(
      name,
      Array.isArray(column) ? column : [column],
      `inputs[${JSON.stringify(name)}]`,
      isExact,
    )
    if (tensor === undefined) return undefined
    inputs.push(tensor)
  }
  return { inputs, isNamed: true }
}

/** Objects with the same names, one for each row (or lists of them, as KServe also takes), to one tensor for each name. */
function readRows(key: string, value: readonly unknown[], isExact: boolean): V1Request | undefined {
  const rows = value.flat()
  const names = isJsonObject(rows[0]) ? Object.keys(rows[0]) : []
  for (const [i, row] of rows.entries()) {
    if (!isJsonObject(row))
      throw new InvalidInput(`${key}[${i}] is ${describeJson(row)}; expected an object as before it.`)
    const lacking = names.find((name) => !Object.hasOwn(row, name))
    if (lacking !== undefined) {
      throw new InvalidInput(`${key}[${i}] has no "${lacking}", which ${key}[0] has; a missing value is written null.`)
    }
    const extra = Object.keys(row).length > names.length ? Object.keys(row).find((n) => !names.includes(n)) : undefined
    if (extra !== undefined) throw new InvalidInput(`${key}[${i}] has "${extra}", which ${key}[0] has not.`)
  }
  const inputs: Tensor[] = []
  for (const name of names) {
    const column = rows.map((row) => (isJsonObject(row) ? cellOf(row[name]) : null))
    const tensor = readArray(name, column, `${key} ${JSON.stringify(name)} `, isExact)
    if (tensor === undefined) return undefined
    inputs.push(tensor)
  }
  return { inputs, isNamed: true }
}

/** pandas writes a column of one instance as `{"0": value, "1": value}`. */
function cellOf(value: unknown): unknown {
  return isJsonObject(value) ? Object.values(value) : value
}

function readArray(name: string, data: readonly unknown[], at: string, isExact: boolean): Tensor | undefined {
  const shape = measureShape(data, at)
  const place = { at, shape }
  const datatype = datatypeOf(firstLeaf(data))
  if (datatype === 'BYTES') return readTensorData(name, 'BYTES', shape, data, place)
  if (datatype === 'BOOL' && everyLeaf(data, shape, at, (v) => typeof v === 'boolean')) {
    return readTensorData(name, 'BOOL', shape, data, place)
  }
  const tensor = readTensorData(name, 'FP64', shape, data, place)
  if (
    tensor.datatype !== 'FP64' ||
    !tensor.data.some((v) => v > Number.MAX_SAFE_INTEGER || v < Number.MIN_SAFE_INTEGER)
  )
    return tensor
  if (!isExact) return undefined
  const isWhole = everyLeaf(data, shape, at, (v) => typeof v === 'bigint' || Number.isSafeInteger(v))
  return isWhole ? readTensorData(name, 'INT64', shape, data, place) : tensor
}

function datatypeOf(leaf: unknown): Datatype {
  if (typeof leaf === 'string') return 'BYTES'
  return typeof leaf === 'boolean' ? 'BOOL' : 'FP64'
}

/** The first element that is no array and not null, in reading order; null when there is none within `dimensionsMax`. */
function firstLeaf(data: readonly unknown[], depth = 1): unknown {
  if (depth > dimensionsMax) return null
  for (const value of data) {
    const leaf = Array.isArray(value) ? firstLeaf(value, depth + 1) : value
    if (leaf !== null) return leaf
  }
  return null
}

function everyLeaf(
  data: readonly unknown[],
  shape: readonly number[],
  at: string,
  holds: (value: unknown) => boolean,
): boolean {
  let all = true
  forEachRow(data, shape, at, (row) => {
    if (all) all = row.every(holds)
  })
  return all
}
