import { type FieldError, duplicate, invalid } from './field-error.ts'
import { goJson } from './go-text.ts'
import type { Schema } from './schema.ts'

type Json = Record<string, unknown>

/** Uniqueness in lists of type set (whole items) and map (their keys). On update, check the old object first: what was
 * already wrong there is not checked again, as the real server does. */
export function validateListTypes(value: unknown, schema: Schema, path = ''): readonly FieldError[] {
  const errors: FieldError[] = []
  walk(value, schema, path, errors)
  return errors
}

function walk(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  if (Array.isArray(value)) {
    if (schema.listType === 'set') errors.push(...repeats(value, value, path, (item) => item))
    if (schema.listType === 'map') errors.push(...repeatedKeys(value, schema, path))
    const items = schema.items
    if (items) value.forEach((item, index) => walk(item, items, `${path}[${index}]`, errors))
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, item] of Object.entries(value)) {
    const known = schema.properties?.get(key)
    const child = known ?? schema.additional
    if (child) walk(item, child, known ? (path === '' ? key : `${path}.${key}`) : `${path}[${key}]`, errors)
  }
}

function repeatedKeys(list: readonly unknown[], schema: Schema, path: string): readonly FieldError[] {
  const wrong = list.findIndex((item) => item !== null && (typeof item !== 'object' || Array.isArray(item)))
  if (wrong >= 0) {
    return [invalid(`${path}[${wrong}]`, list[wrong], 'must be an object for an array of list-type map')]
  }
  const keys = list.map((item) => {
    const object = (item ?? {}) as Json
    return Object.fromEntries(schema.listKeys.filter((key) => key in object).map((key) => [key, object[key]]))
  })
  return repeats(list, keys, path, (_item, index) => keys[index])
}

/** One finding per value that occurs more than once, at its second place. */
function repeats(
  list: readonly unknown[],
  identities: readonly unknown[],
  path: string,
  shown: (item: unknown, index: number) => unknown,
): readonly FieldError[] {
  const times = new Map<string, number>()
  const errors: FieldError[] = []
  identities.forEach((identity, index) => {
    const text = goJson(identity)
    const count = (times.get(text) ?? 0) + 1
    times.set(text, count)
    if (count === 2) errors.push(duplicate(`${path}[${index}]`, shown(list[index], index)))
  })
  return errors
}
