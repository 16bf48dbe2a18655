import { label1035Errors } from '../builtin/names.ts'
import { type FieldError, invalid, required } from './field-error.ts'
import type { Schema } from './schema.ts'

/** Objects inside of an object (x-kubernetes-embedded-resource) say their apiVersion and kind, as every object does. */
export function validateEmbedded(value: unknown, schema: Schema, path = ''): readonly FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema
    return items ? value.flatMap((item, index) => validateEmbedded(item, items, `${path}[${index}]`)) : []
  }
  if (typeof value !== 'object' || value === null) return []
  const below = Object.entries(value).flatMap(([key, item]) => {
    const known = schema.properties?.get(key)
    const child = known ?? schema.additional
    if (!child) return []
    return validateEmbedded(item, child, known ? (path === '' ? key : `${path}.${key}`) : `${path}[${key}]`)
  })
  return schema.embedded ? [...typeErrors(value as Readonly<Record<string, unknown>>, path), ...below] : below
}

function typeErrors(object: Readonly<Record<string, unknown>>, path: string): readonly FieldError[] {
  return (['apiVersion', 'kind'] as const).flatMap((name) => {
    const at = `${path}.${name}`
    const value = object[name]
    if (value === undefined) return [required(at, '')]
    if (typeof value !== 'string') return [invalid(at, value, 'must be a string')]
    if (value === '') return [invalid(at, value, 'must not be empty')]
    const errors = name === 'kind' ? label1035Errors(value.toLowerCase()) : []
    if (errors.length === 0) return []
    return [invalid(at, value, `may have mixed case, but should otherwise match: ${errors.join(',')}`)]
  })
}
