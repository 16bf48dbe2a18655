import { deepEqual } from '../schema/deep-equal.ts'
import type { Schema } from '../schema/schema.ts'
import { type FieldPath, type FieldSet, type SetBuilder, setBuilder } from './field-set.ts'
import { fieldElement, type PathElement } from './path-element.ts'
import { elementSchema, fieldSchema, isAtomic, isDeclared, isMap, itemElement, shapeOf } from './shape.ts'

/** Every leaf, list item and map key that a value mentions. */
export function toFieldSet(value: unknown, schema: Schema): FieldSet {
  const builder = setBuilder()
  mention(value, schema, [], builder)
  return builder.set
}

function mention(value: unknown, schema: Schema, path: FieldPath, out: SetBuilder): void {
  const shape = shapeOf(schema, value)
  if (shape === 'scalar' || isAtomic(schema, shape)) {
    if (path.length > 0) out.insert(path)
  } else if (shape === 'list') mentionItems(value, schema, path, out)
  else if (isMap(value)) mentionFields(value, schema, path, out)
}

function mentionItems(value: unknown, schema: Schema, path: FieldPath, out: SetBuilder): void {
  if (!Array.isArray(value)) return
  for (const [element, items] of itemsByElement(schema, value)) {
    const at = [...path, element]
    out.insert(at)
    if (items.length === 1) mention(items[0], elementSchema(schema), at, out)
  }
}

function mentionFields(
  value: Readonly<Record<string, unknown>>,
  schema: Schema,
  path: FieldPath,
  out: SetBuilder,
): void {
  for (const [key, item] of Object.entries(value)) {
    const child = fieldSchema(schema, key)
    if (!child) continue
    const at = [...path, fieldElement(key)]
    mention(item, child, at, out)
    const isNothing = item === null || (isMap(item) && Object.keys(item).length === 0)
    if (isNothing || !isDeclared(schema, key)) out.insert(at)
  }
}

/** A list's items by what names them, in order of first appearance; items that nothing names are left out. */
export function itemsByElement(schema: Schema, list: readonly unknown[]): Map<PathElement, unknown[]> {
  const found = new Map<PathElement, unknown[]>()
  for (const item of list) {
    const named = itemElement(schema, item)
    if (!named.ok) continue
    const same = found.get(named.element)
    if (same) same.push(item)
    else found.set(named.element, [item])
  }
  return found
}

/** What changed between two objects, path by path. No path is in two of the sets. */
export interface Comparison {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

interface OpenComparison {
  readonly added: SetBuilder
  readonly modified: SetBuilder
  readonly removed: SetBuilder
}

export function compareTyped(before: unknown, after: unknown, schema: Schema): Comparison {
  const out: OpenComparison = { added: setBuilder(), modified: setBuilder(), removed: setBuilder() }
  compare(before, after, schema, [], out)
  return { added: out.added.set, modified: out.modified.set, removed: out.removed.set }
}

/** `undefined` is absent; null is a value. */
function compare(before: unknown, after: unknown, schema: Schema, path: FieldPath, out: OpenComparison): void {
  const shape = shapeOf(schema, after === undefined ? before : after)
  const former = before === undefined || after === undefined ? shape : shapeOf(schema, before)
  if (former !== shape) compareAs(former, before, after, schema, path, out)
  const isLeaf = compareAs(shape, before, after, schema, path, out)
  if (isLeaf || path.length === 0) return
  if (before === undefined) out.added.insert(path)
  else if (after === undefined) out.removed.insert(path)
}

/** Compares two values as one shape; true where they were compared as a whole. */
function compareAs(
  shape: 'scalar' | 'list' | 'map',
  before: unknown,
  after: unknown,
  schema: Schema,
  path: FieldPath,
  out: OpenComparison,
): boolean {
  if (shape === 'map') {
    const old = isMap(before) ? before : {}
    const now = isMap(after) ? after : {}
    const isNothing = Object.keys(old).length === 0 && Object.keys(now).length === 0
    if (isNothing || isAtomic(schema, shape)) return compareLeaf(before, after, path, out)
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      const child = fieldSchema(schema, key)
      if (child) compare(own(old, key), own(now, key), child, [...path, fieldElement(key)], out)
    }
    return false
  }
  if (shape === 'list') {
    const old = Array.isArray(before) ? before : []
    const now = Array.isArray(after) ? after : []
    if ((old.length === 0 && now.length === 0) || isAtomic(schema, shape)) return compareLeaf(before, after, path, out)
    compareItems(old, now, schema, path, out)
    return false
  }
  return compareLeaf(before, after, path, out)
}

function compareLeaf(before: unknown, after: unknown, path: FieldPath, out: OpenComparison): true {
  if (path.length === 0) return true
  if (before === undefined) out.added.insert(path)
  else if (after === undefined) out.removed.insert(path)
  else if (!deepEqual(before, after)) out.modified.insert(path)
  return true
}

/** Items that occur twice are compared as one whole; a single item that becomes two (or back) changes hands wholly. */
function compareItems(
  before: readonly unknown[],
  after: readonly unknown[],
  schema: Schema,
  path: FieldPath,
  out: OpenComparison,
): void {
  const old = itemsByElement(schema, before)
  const now = itemsByElement(schema, after)
  const items = elementSchema(schema)
  for (const element of new Set([...old.keys(), ...now.keys()])) {
    const left = old.get(element) ?? []
    const right = now.get(element) ?? []
    const at = [...path, element]
    if (left.length <= 1 && right.length <= 1) compare(left[0], right[0], items, at, out)
    else if (left.length > 1 && right.length > 1) {
      if (!deepEqual(left, right)) out.modified.insert(at)
    } else if (left.length > 1) {
      if (right.length > 0) compare(undefined, right[0], items, at, out)
      out.removed.insert(at)
    } else {
      if (left.length > 0) compare(left[0], undefined, items, at, out)
      out.added.insert(at)
    }
  }
}

function own(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
