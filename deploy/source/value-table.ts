import type { Json } from './json.ts'

/** One of the chart's values: its default, its JSON schema, and a sentence for those who set it. */
export interface ValueRow<T extends Json = Json> {
  readonly row: T
  readonly schema: { readonly [key: string]: Json }
  readonly description: string
}

export interface ValueTable {
  readonly [key: string]: ValueRow | ValueTable
}

/** The values that a table describes. */
export type ValuesOf<T> = {
  readonly [K in keyof T]: T[K] extends ValueRow<infer V> ? V : ValuesOf<T[K]>
}

const integerSchema = { type: 'integer', minimum: 0 }
const mapSchema = { type: 'object' }

export function text(row: string, description: string, schema: ValueRow['schema'] = {}): ValueRow<string> {
  return { row, schema: { type: 'string', ...schema }, description }
}

export function oneOf<T extends string>(row: T, all: readonly T[], description: string): ValueRow<T> {
  return { row, schema: { type: 'string', enum: all }, description }
}

export function flag(row: boolean, description: string): ValueRow<boolean> {
  return { row, schema: { type: 'boolean' }, description }
}

export function count(row: number, description: string, minimum = 0): ValueRow<number> {
  return { row, schema: { ...integerSchema, minimum }, description }
}

export function texts(description: string): ValueRow<readonly string[]> {
  return { row: [], schema: { type: 'array', items: { type: 'string' }, uniqueItems: true }, description }
}

export function maps(description: string): ValueRow<readonly Json[]> {
  return { row: [], schema: { type: 'array', items: mapSchema }, description }
}

export function map(
  description: string,
  row: { readonly [key: string]: Json } = {},
): ValueRow<{ readonly [key: string]: Json }> {
  return { row, schema: mapSchema, description }
}

export function textMap(description: string): ValueRow<{ readonly [key: string]: string }> {
  return { row: {}, schema: { type: 'object', additionalProperties: { type: 'string' } }, description }
}

function isRow(entry: ValueRow | ValueTable): entry is ValueRow {
  return 'row' in entry
}

/** What holds where nobody sets anything. */
export function defaultsOf<T extends ValueTable>(table: T): ValuesOf<T> {
  const values = Object.entries(table).map(([key, entry]) => [key, isRow(entry) ? entry.row : defaultsOf(entry)])
  return Object.fromEntries(values) as ValuesOf<T>
}

/** `values.schema.json`: a value that no table knows is a mistake, and Helm says so. */
export function schemaOf(table: ValueTable): { readonly [key: string]: Json } {
  const properties = Object.entries(table).map(([key, entry]) => [
    key,
    isRow(entry) ? { ...entry.schema, description: entry.description } : schemaOf(entry),
  ])
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) }
}

export type ValueEntry = { readonly path: string; readonly row: ValueRow }

/** Every value with its dotted path. */
export function rowsOf(table: ValueTable, prefix = ''): readonly ValueEntry[] {
  return Object.entries(table).flatMap(([key, entry]) =>
    isRow(entry) ? [{ path: `${prefix}${key}`, row: entry }] : rowsOf(entry, `${prefix}${key}.`),
  )
}

/** `values.yaml`: the defaults, each under its sentence. */
export function valuesText(table: ValueTable, write: (value: Json) => string, indent = ''): string {
  const lines = Object.entries(table).map(([key, entry]) => {
    if (!isRow(entry)) return `${indent}${key}:\n${valuesText(entry, write, `${indent}  `)}`
    const written = write({ [key]: entry.row })
      .trimEnd()
      .split('\n')
    return [`# ${entry.description}`, ...written].map((line) => `${indent}${line}`).join('\n')
  })
  return lines.join(indent === '' ? '\n\n' : '\n')
}
