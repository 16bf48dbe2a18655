import { goJson } from '../schema/go-text.ts'
import type { Schema } from '../schema/schema.ts'
import { badPatch, jsonKind, type PatchResult, unfitPatch } from './patch-result.ts'

type Json = Record<string, unknown>

const directive = '$patch'
const retainKeys = '$retainKeys'
const deletePrefix = '$deleteFromPrimitiveList/'
const orderPrefix = '$setElementOrder/'

class PatchError extends Error {
  readonly code: 400 | 422
  constructor(code: 400 | 422, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Strategic merge patch of a built-in kind, all directives. Lists merge by x-kubernetes-patch-strategy and
 * -merge-key. Neither argument is changed. Custom resources have no such patch: the engine answers 415 for them.
 */
export function applyStrategicPatch(document: unknown, patch: unknown, schema: Schema): PatchResult {
  if (patch === null) return { ok: true, value: document }
  if (!isObject(patch)) {
    return badPatch(`json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`)
  }
  try {
    return { ok: true, value: mergeMap(isObject(document) ? document : {}, patch, schema) }
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    return error.code === 400 ? badPatch(error.message) : unfitPatch(error.message)
  }
}

function mergeMap(original: Json, patch: Json, schema: Schema | undefined): Json {
  if (Object.hasOwn(patch, directive)) return wholeMap(patch)
  const out: Json = { ...original }
  dropNotRetained(out, patch)
  const handled = orderedLists(out, patch, schema)
  for (const [key, item] of Object.entries(patch)) {
    if (key === retainKeys || key.startsWith(orderPrefix) || handled.has(key)) continue
    if (key.startsWith(deletePrefix)) deleteFromList(out, key.slice(deletePrefix.length), item)
    else if (item === null) delete out[key]
    else mergeField(out, key, item, childOf(schema, key))
  }
  return out
}

/** `$patch: replace` and `$patch: delete` on a map. */
function wholeMap(patch: Json): Json {
  const { [directive]: kind, ...rest } = patch
  if (kind === 'replace') return rest
  if (kind === 'delete') return {}
  throw new PatchError(400, `unknown patch type: ${String(kind)} in map: ${goJson(patch)}`)
}

function mergeField(out: Json, key: string, item: unknown, schema: Schema | undefined): void {
  const current = out[key]
  const sameShape =
    Object.hasOwn(out, key) && shapeOf(current) === shapeOf(item) && (isObject(item) || Array.isArray(item))
  if (!sameShape) {
    const kept = withoutDirectives(withoutNulls(item))
    if (kept === undefined) delete out[key]
    else out[key] = kept
    return
  }
  if (isObject(item) && isObject(current)) {
    out[key] = schema?.patchStrategy.includes('replace') ? item : mergeMap(current, item, schema)
  } else if (Array.isArray(item) && Array.isArray(current)) {
    out[key] = schema?.patchStrategy.includes('merge') ? mergeList(current, item, schema) : item
  }
}

/** `$retainKeys`: fields of the original that are not listed go; the patch may set listed fields only. */
function dropNotRetained(out: Json, patch: Json): void {
  const keys = patch[retainKeys]
  if (keys === undefined) return
  if (!Array.isArray(keys)) throw new PatchError(400, 'invalid patch format of retainKeys')
  for (const [key, item] of Object.entries(patch)) {
    if (key === retainKeys || item === null || key.startsWith(deletePrefix) || key.startsWith(orderPrefix)) continue
    if (!keys.includes(key)) throw new PatchError(400, 'invalid patch format of retainKeys')
  }
  for (const key of Object.keys(out)) if (!keys.includes(key)) delete out[key]
}

function deleteFromList(out: Json, key: string, items: unknown): void {
  if (!Array.isArray(items)) throw new PatchError(400, 'invalid patch format of primitive list')
  const current = out[key]
  if (Array.isArray(current)) out[key] = current.filter((item) => !items.includes(item))
}

/** Merges the lists that come with `$setElementOrder/<field>`; gives back the fields it has dealt with. */
function orderedLists(out: Json, patch: Json, schema: Schema | undefined): ReadonlySet<string> {
  const handled = new Set<string>()
  for (const [marker, order] of Object.entries(patch)) {
    if (!marker.startsWith(orderPrefix)) continue
    const key = marker.slice(orderPrefix.length)
    if (!Array.isArray(order)) throw new PatchError(400, 'invalid patch format of setElementOrder list')
    const child = childOf(schema, key)
    const current = listAt(out, key)
    const change = listAt(patch, key)
    if (!current && !change) continue
    const mergeKey = child?.patchMergeKey
    checkOrder(change ?? [], order, mergeKey)
    const merged = !change ? (current ?? []) : !current ? cleanList(change) : mergeListField(current, change, child)
    out[key] = inOrder(merged, order, current ?? [], mergeKey)
    handled.add(key)
  }
  return handled
}

function mergeListField(
  current: readonly unknown[],
  change: readonly unknown[],
  schema: Schema | undefined,
): unknown[] {
  return schema?.patchStrategy.includes('merge') ? mergeList(current, change, schema) : [...change]
}

function listAt(holder: Json, key: string): readonly unknown[] | undefined {
  const list = holder[key]
  if (list === undefined || list === null) return undefined
  if (!Array.isArray(list)) throw new PatchError(422, `expected a list in ${key}, but received ${jsonKind(list)}`)
  return list
}

/** The patch's own items must come in the order that the directive asks for. */
function checkOrder(change: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  if (change.length === 0 || order.length === 0) return
  const wanted = change.filter((item) => !isObject(item) || !Object.hasOwn(item, directive))
  let next = 0
  for (const place of order) {
    const item = wanted[next]
    if (next < wanted.length && identity(item, mergeKey) === identity(place, mergeKey)) next++
  }
  if (next < wanted.length) {
    throw new PatchError(
      422,
      `The order in patch list:\n${goJson(change)}\n doesn't match $setElementOrder list:\n${goJson(order)}\n`,
    )
  }
}

function mergeList(current: readonly unknown[], change: readonly unknown[], schema: Schema): unknown[] {
  if (current.length === 0 && change.length === 0) return []
  const all = [...current, ...change]
  if (all.some(Array.isArray)) throw new PatchError(422, 'lists of lists are not supported')
  if (!all.some(isObject)) {
    return inOrder([...new Set(all)], change, current, undefined)
  }
  const mergeKey = schema.patchMergeKey
  if (mergeKey === undefined) {
    throw new PatchError(422, `cannot merge lists without merge key for ${schema.typeName ?? 'list'}`)
  }
  const { kept, items } = applyListDirectives(current, change, mergeKey)
  const merged = [...kept]
  for (const item of items) {
    const place = merged.findIndex((candidate) => identity(candidate, mergeKey) === identity(item, mergeKey))
    const found = place < 0 ? undefined : merged[place]
    if (isObject(found) && isObject(item)) merged[place] = mergeMap(found, item, schema.items)
    else merged.push(item)
  }
  return inOrder(merged, items, kept, mergeKey)
}

/** `{$patch: delete, name: x}` and `{$patch: replace}` among a list's items. */
function applyListDirectives(
  current: readonly unknown[],
  change: readonly unknown[],
  mergeKey: string,
): { kept: readonly unknown[]; items: readonly unknown[] } {
  let kept = current
  let replaces = false
  const items: unknown[] = []
  for (const item of change) {
    if (!isObject(item) || !Object.hasOwn(item, directive)) {
      items.push(item)
      continue
    }
    const kind = item[directive]
    if (kind === 'delete') kept = kept.filter((candidate) => identity(candidate, mergeKey) !== identity(item, mergeKey))
    else if (kind === 'replace') replaces = true
    else if (kind === 'merge') throw new PatchError(422, 'merging lists cannot yet be specified in the patch')
    else throw new PatchError(400, `unknown patch type: ${String(kind)} in map: ${goJson(item)}`)
  }
  return { kept: replaces ? [] : kept, items }
}

/**
 * Items named by the patch in its order, the server's own between them where the live order allows: a server item
 * stands before the first patch item that follows it in the live list.
 */
function inOrder(
  merged: readonly unknown[],
  patchOrder: readonly unknown[],
  liveOrder: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const patchRank = ranks(patchOrder, mergeKey)
  const liveRank = ranks(liveOrder, mergeKey)
  const rank = (item: unknown, order: ReadonlyMap<unknown, number>) => order.get(identity(item, mergeKey)) ?? -1
  const isNamed = (item: unknown) => rank(item, patchRank) >= 0
  const named = merged.filter(isNamed).sort((a, b) => rank(a, patchRank) - rank(b, patchRank))
  const own = merged.filter((item) => !isNamed(item)).sort((a, b) => rank(a, liveRank) - rank(b, liveRank))
  const out: unknown[] = []
  for (const item of named) {
    const limit = rank(item, liveRank)
    while (own.length > 0 && limit >= 0 && rank(own[0], liveRank) >= 0 && rank(own[0], liveRank) < limit) {
      out.push(own.shift())
    }
    out.push(item)
  }
  return [...out, ...own]
}

function ranks(order: readonly unknown[], mergeKey: string | undefined): ReadonlyMap<unknown, number> {
  const places = new Map<unknown, number>()
  order.forEach((item, index) => {
    const key = identity(item, mergeKey)
    if (!places.has(key)) places.set(key, index)
  })
  return places
}

/** What makes two list items the same: the merge key's value, or the item itself. */
function identity(item: unknown, mergeKey: string | undefined): unknown {
  if (mergeKey === undefined) return item
  if (!isObject(item))
    throw new PatchError(422, `expected a map in a list merged by ${mergeKey}, but received ${jsonKind(item)}`)
  if (!Object.hasOwn(item, mergeKey)) {
    throw new PatchError(422, `map: ${goJson(item)} does not contain declared merge key: ${mergeKey}`)
  }
  return item[mergeKey]
}

function cleanList(list: readonly unknown[]): readonly unknown[] {
  const cleaned = withoutDirectives(list)
  return Array.isArray(cleaned) ? cleaned : []
}

/** The value without maps that carry a directive; undefined: the value itself is one. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined)
  if (!isObject(value)) return value
  if (Object.hasOwn(value, directive)) return undefined
  const entries = Object.entries(value).map(([key, item]) => [key, withoutDirectives(item)] as const)
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined))
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([, item]) => item !== null)
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]))
}

function childOf(schema: Schema | undefined, key: string): Schema | undefined {
  return schema?.properties?.get(key) ?? schema?.additional
}

function shapeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
