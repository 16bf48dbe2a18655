import { goPlain, goSyntax } from '../schema/go-text.ts'
import type { Schema } from '../schema/schema.ts'
import { elementText, fieldElement } from './path-element.ts'
import { elementSchema, fieldSchema, isAtomic, isMap, itemElement, shapeOf } from './shape.ts'

/**
 * Whether an object fits its schema well enough to be owned field by field, as structured-merge-diff checks applied
 * configurations. Findings read `.spec.replicas: expected numeric (int or float), got string`. Empty: it fits.
 */
export function checkTyped(value: unknown, schema: Schema, allowsDuplicates: boolean): readonly string[] {
  const findings: string[] = []
  check(value, schema, '', allowsDuplicates, findings)
  return findings
}

function check(value: unknown, schema: Schema, path: string, allowsDuplicates: boolean, findings: string[]): void {
  if (value === null || value === undefined) return
  const add = (sentence: string) => findings.push(path === '' ? sentence : `${path}: ${sentence}`)
  const shape = shapeOf(schema, value)
  if (shape === 'scalar') {
    const wrong = wrongScalar(value, schema)
    if (wrong !== undefined) add(wrong)
  } else if (shape === 'map') {
    if (!isMap(value)) add(`expected map, got &{${goPlain(value)}}`)
    else checkFields(value, schema, path, allowsDuplicates, findings)
  } else if (!Array.isArray(value)) add(`expected list, got &{${goPlain(value)}}`)
  else checkItems(value, schema, path, allowsDuplicates, findings)
}

function checkFields(
  value: Readonly<Record<string, unknown>>,
  schema: Schema,
  path: string,
  allowsDuplicates: boolean,
  findings: string[],
): void {
  for (const [key, item] of Object.entries(value)) {
    const child = fieldSchema(schema, key)
    const at = `${path}${elementText(fieldElement(key))}`
    if (child) check(item, child, at, allowsDuplicates, findings)
    else findings.push(`${at}: field not declared in schema`)
  }
}

function checkItems(
  list: readonly unknown[],
  schema: Schema,
  path: string,
  allowsDuplicates: boolean,
  findings: string[],
): void {
  const isWhole = isAtomic(schema, 'list')
  const seen = new Set<string>()
  for (const [index, item] of list.entries()) {
    let element = `i:${index}`
    if (!isWhole) {
      const named = itemElement(schema, item)
      if (!named.ok) {
        findings.push(`${path}: element ${index}: ${named.message}`)
        return
      }
      element = named.element
      if (seen.has(element) && !allowsDuplicates) {
        findings.push(`${path}: duplicate entries for key ${elementText(element)}`)
      }
      seen.add(element)
    }
    check(item, elementSchema(schema), `${path}${elementText(element)}`, allowsDuplicates, findings)
  }
}

function wrongScalar(value: unknown, schema: Schema): string | undefined {
  const isUntyped =
    schema.intOrString || schema.quantity || (schema.type === 'string' && isUntypedFormat(schema.format))
  if (isUntyped || schema.type === undefined) {
    return typeof value === 'object' ? `expected any scalar, got &{${goPlain(value)}}` : undefined
  }
  switch (schema.type) {
    case 'integer':
    case 'number':
      return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${goTypeOf(value)}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goPlain(value)}}`
    default:
      return typeof value === 'string'
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`
  }
}

const isUntypedFormat = (format: string | undefined): boolean => format !== undefined && format !== 'byte'

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'object' ? 'map[string]interface {}' : typeof value
}
