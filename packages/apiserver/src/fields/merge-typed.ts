import type { Schema } from '../schema/schema.ts'
import type { FieldSet } from './field-set.ts'
import { isEmptySet } from './field-set.ts'
import { fieldElement, type PathElement } from './path-element.ts'
import { elementSchema, fieldSchema, isAtomic, isMap, itemElement, shapeOf } from './shape.ts'
import { itemsByElement } from './to-field-set.ts'

type Json = Record<string, unknown>

/** The applied configuration laid over the live value. Nothing is removed; what both have is the applied one's. */
export function mergeTyped(live: unknown, applied: unknown, schema: Schema): unknown {
  if (applied === undefined) return live
  if (live === undefined) return applied
  const shape = shapeOf(schema, applied)
  if (shape === 'scalar' || isAtomic(schema, shape)) return applied
  if (shape === 'map') {
    const now = isMap(applied) ? applied : {}
    const old = isMap(live) ? live : {}
    if (Object.keys(now).length === 0 && Object.keys(old).length === 0) return applied
    return mergeFields(old, now, schema)
  }
  const now = Array.isArray(applied) ? applied : []
  const old = Array.isArray(live) ? live : []
  if (now.length === 0 && old.length === 0) return applied
  return mergeItems(old, now, schema)
}

function mergeFields(live: Json, applied: Json, schema: Schema): Json {
  const out: Json = { ...live }
  for (const [key, item] of Object.entries(applied)) {
    const child = fieldSchema(schema, key)
    if (!child) continue
    out[key] = mergeTyped(Object.hasOwn(live, key) ? live[key] : undefined, item, child)
  }
  return out
}

/** Both lists interleaved: applied items in their order, live ones where they stood between the shared ones. */
function mergeItems(live: readonly unknown[], applied: readonly unknown[], schema: Schema): unknown[] {
  const items = elementSchema(schema)
  const liveItems = itemsByElement(schema, live)
  const appliedItems = itemsByElement(schema, applied)
  const left = named(live, schema)
  const right = named(applied, schema)
  const shared = right.map(([element]) => element).filter((element) => liveItems.has(element))
  const merged = new Set<PathElement>()
  const out: unknown[] = []
  const take = (element: PathElement) => {
    merged.add(element)
    const same = liveItems.get(element)
    // An item that stands twice in the live list is replaced by the applied one, not merged with either.
    const old = same?.length === 1 ? same[0] : undefined
    out.push(mergeTyped(old, appliedItems.get(element)?.[0], items))
  }
  let l = 0
  let r = 0
  let nextShared = shared.shift()
  while (l < left.length || r < right.length) {
    const [leftElement, leftItem] = left[l] ?? []
    const [rightElement] = right[r] ?? []
    if (leftElement !== undefined && rightElement !== undefined) {
      if (leftElement === rightElement) {
        take(leftElement)
        l++
        r++
        nextShared = shared.shift()
        continue
      }
      if (appliedItems.has(leftElement) && nextShared !== undefined && nextShared !== leftElement) {
        l++ // shared, but its turn comes later, in the applied order
        continue
      }
    }
    if (leftElement !== undefined && !appliedItems.has(leftElement)) {
      out.push(leftItem)
      l++
      continue
    }
    if (leftElement !== undefined && merged.has(leftElement)) l++
    if (rightElement !== undefined) {
      take(rightElement)
      r++
      if (nextShared === rightElement) nextShared = shared.shift()
    }
  }
  return out
}

function named(list: readonly unknown[], schema: Schema): [PathElement, unknown][] {
  return list.flatMap((item) => {
    const element = itemElement(schema, item)
    return element.ok ? [[element.element, item] as [PathElement, unknown]] : []
  })
}

/**
 * The value without the fields and items that are members of `gone`. A map or list that loses all it had becomes null,
 * as in structured-merge-diff: typed decoding drops that, a custom resource keeps it.
 */
export function removeItems(value: unknown, gone: FieldSet, schema: Schema): unknown {
  const shape = shapeOf(schema, value)
  if (shape === 'scalar') return value
  if (shape === 'map') {
    if (!isMap(value) || Object.keys(value).length === 0 || isAtomic(schema, shape)) return null
    return removeFields(value, gone, schema)
  }
  if (!Array.isArray(value) || value.length === 0 || isAtomic(schema, shape)) return null
  const kept: unknown[] = []
  for (const item of value) {
    const named = itemElement(schema, item)
    if (named.ok && gone.members.has(named.element)) continue
    const below = named.ok ? gone.children.get(named.element) : undefined
    kept.push(below && !isEmptySet(below) ? removeItems(item, below, elementSchema(schema)) : item)
  }
  return kept.length === 0 ? null : kept
}

function removeFields(value: Json, gone: FieldSet, schema: Schema): Json | null {
  const kept: Json = {}
  for (const [key, item] of Object.entries(value)) {
    const element = fieldElement(key)
    if (gone.members.has(element)) continue
    const below = gone.children.get(element)
    const child = fieldSchema(schema, key)
    kept[key] = below && child && !isEmptySet(below) ? removeItems(item, below, child) : item
  }
  return Object.keys(kept).length === 0 ? null : kept
}
