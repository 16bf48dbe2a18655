import { type FieldError, invalid, notSupported, required } from '../schema/field-error.ts'
import { parseIp } from '../schema/ip-address.ts'
import { isObject, type Json } from './defaults-type.ts'
import { addressText, idRange, notNegative, portRange } from './names.ts'

/** The small checks that all kinds share. Absent fields are fine; each finding is in the real server's words. */

/** A value that breaks naming rules gives one finding per sentence. */
export function named(path: string, value: unknown, errorsOf: (text: string) => readonly string[]): FieldError[] {
  return errorsOf(String(value ?? '')).map((detail) => invalid(path, value ?? '', detail))
}

export function requiredName(
  path: string,
  value: unknown,
  errorsOf: (text: string) => readonly string[],
): FieldError[] {
  return value ? named(path, value, errorsOf) : [required(path)]
}

export function nonNegative(path: string, value: unknown): FieldError[] {
  return typeof value === 'number' && value < 0 ? [invalid(path, value, notNegative)] : []
}

/** Each of several fields of one object. */
export function nonNegatives(path: string, object: Json, ...fields: readonly string[]): FieldError[] {
  return fields.flatMap((field) => nonNegative(`${path}.${field}`, object[field]))
}

export function port(path: string, value: unknown): FieldError[] {
  return typeof value === 'number' && (value < 1 || value > 65535) ? [invalid(path, value, portRange)] : []
}

export function userId(path: string, value: unknown): FieldError[] {
  return typeof value === 'number' && (value < 0 || value > 2147483647) ? [invalid(path, value, idRange)] : []
}

/** A value of a fixed list. Empty counts as absent. */
export function oneOf(path: string, value: unknown, supported: readonly string[]): FieldError[] {
  if (value === undefined || value === null || value === '' || supported.includes(String(value))) return []
  return [notSupported(path, value, supported)]
}

export function address(path: string, value: unknown): FieldError[] {
  return parseIp(String(value ?? ''), { leadingZeros: true }) ? [] : [invalid(path, value ?? '', addressText)]
}

/** The objects of a list with their paths. */
export function each(
  path: string,
  list: unknown,
  check: (item: Json, path: string) => readonly FieldError[],
): FieldError[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item, index) => (isObject(item) ? check(item, `${path}[${index}]`) : []))
}

export function field(object: unknown, name: string): Json {
  const value = isObject(object) ? object[name] : undefined
  return isObject(value) ? value : {}
}

export function length(value: unknown): number {
  return Array.isArray(value) ? value.length : 0
}
