import type { Environment } from '@marcbachmann/cel-js'
import { goJson } from './go-text.ts'

class SetsNamespace {}

const comparable = [
  'int',
  'uint',
  'double',
  'bool',
  'string',
  'bytes',
  'google.protobuf.Duration',
  'google.protobuf.Timestamp',
]

/** Lists and sets of Kubernetes' CEL: isSorted, sum, min, max, indexOf, lastIndexOf, sets.*. */
export function registerLists(environment: Environment): void {
  for (const type of comparable) {
    const list = `list<${type}>`
    environment
      .registerFunction(`${list}.isSorted(): bool`, (values: readonly Ordered[]) =>
        values.every((value, index) => index === 0 || (values[index - 1] ?? value) <= value),
      )
      .registerFunction(`${list}.min(): ${type}`, (values: readonly Ordered[]) => extreme(values, 'min', -1))
      .registerFunction(`${list}.max(): ${type}`, (values: readonly Ordered[]) => extreme(values, 'max', 1))
  }
  environment
    .registerFunction('list<int>.sum(): int', (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n))
    .registerFunction('list<double>.sum(): double', (values: readonly number[]) => values.reduce((a, b) => a + b, 0))
    .registerFunction('list<dyn>.indexOf(dyn): int', (values: readonly unknown[], wanted: unknown) =>
      BigInt(values.findIndex((value) => isSame(value, wanted))),
    )
    .registerFunction('list<dyn>.lastIndexOf(dyn): int', (values: readonly unknown[], wanted: unknown) =>
      BigInt(values.findLastIndex((value) => isSame(value, wanted))),
    )
  registerSets(environment)
}

type Ordered = bigint | number | string

function extreme(values: readonly Ordered[], name: string, sign: number): Ordered {
  const [first, ...rest] = values
  if (first === undefined) throw new Error(`${name} called on empty list`)
  return rest.reduce((best, value) => ((sign < 0 ? value < best : value > best) ? value : best), first)
}

function registerSets(environment: Environment): void {
  const type = 'kubernetes.SetsNamespace'
  const keys = (values: readonly unknown[]): ReadonlySet<string> => new Set(values.map(keyOf))
  environment
    .registerType(type, { ctor: SetsNamespace, fields: {} })
    .registerConstant('sets', type, new SetsNamespace())
    .registerFunction(
      `${type}.contains(list<dyn>, list<dyn>): bool`,
      (_sets: SetsNamespace, all: unknown[], some: unknown[]) => {
        const known = keys(all)
        return some.every((value) => known.has(keyOf(value)))
      },
    )
    .registerFunction(
      `${type}.equivalent(list<dyn>, list<dyn>): bool`,
      (_sets: SetsNamespace, a: unknown[], b: unknown[]) => {
        const [left, right] = [keys(a), keys(b)]
        return left.size === right.size && [...left].every((key) => right.has(key))
      },
    )
    .registerFunction(
      `${type}.intersects(list<dyn>, list<dyn>): bool`,
      (_sets: SetsNamespace, a: unknown[], b: unknown[]) => {
        const known = keys(a)
        return b.some((value) => known.has(keyOf(value)))
      },
    )
}

const isSame = (a: unknown, b: unknown): boolean => a === b || keyOf(a) === keyOf(b)

/** A value as text, so that equal values are equal texts. Whole doubles equal integers, as in CEL. */
export function keyOf(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'number') return `n${String(value)}`
  if (typeof value === 'string') return `s${value}`
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${keyOf(key)}:${keyOf(item)}`)
    return `{${entries.sort().join(',')}}`
  }
  if (Array.isArray(value)) return `[${value.map(keyOf).join(',')}]`
  if (value instanceof Date) return `t${value.getTime()}`
  if (value instanceof Uint8Array) return `b${Buffer.from(value).toString('base64')}`
  if (typeof value !== 'object' || value === null) return goJson(value)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return `{${entries
    .map(([key, item]) => `${key}:${keyOf(item)}`)
    .sort()
    .join(',')}}`
}
