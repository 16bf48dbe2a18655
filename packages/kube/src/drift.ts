import { isDeepStrictEqual } from 'node:util'
import { isRecord } from './json-answer.ts'
import { isSameQuantity } from './quantity.ts'
import type { KubeObject } from './wire.ts'

/** One place where the live object is not what was rendered. */
export interface Difference {
  /** `spec.template.spec.containers[{"name":"web"}].image` */
  readonly path: string
  readonly why: 'differs' | 'not owned' | 'no longer rendered'
  /** What is live there, for comparing one drift with another. */
  readonly live?: unknown
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Where applying `desired` would change `live`, found without a schema: the field set that the server recorded for our
 * last apply tells what we own and which lists are keyed (`k:`), sets (`v:`) or atomic. Three rules:
 * what is rendered must be live with that value; what is rendered must be ours; what is ours must be rendered.
 * Live fields that others brought (defaults, injected containers) are not drift.
 */
export function findDrift(desired: KubeObject, live: KubeObject, fieldManager: string): readonly Difference[] {
  const entry = live.metadata.managedFields?.find(
    ({ manager, operation, subresource }) => manager === fieldManager && operation === 'Apply' && !subresource,
  )
  if (!entry?.fieldsV1 || entry.apiVersion !== desired.apiVersion) return [{ path: '', why: 'not owned' }]
  const differences: Difference[] = []
  for (const field of new Set([...Object.keys(desired), ...ownedNames(entry.fieldsV1)])) {
    if (field === 'apiVersion' || field === 'kind' || field === 'status') continue
    if (field === 'metadata') compareMetadata(desired, live, entry.fieldsV1, differences)
    else compareField(field, field, desired, live, entry.fieldsV1, differences)
  }
  return differences
}

/** Owner references are looked at by value alone: with their uids no two field sets would be alike, and none could be shared. */
function compareMetadata(desired: KubeObject, live: KubeObject, owned: Fields, into: Difference[]): void {
  const fields = isRecord(owned['f:metadata']) ? owned['f:metadata'] : {}
  for (const field of ['labels', 'annotations', 'finalizers']) {
    compareField(field, `metadata.${field}`, { ...desired.metadata }, { ...live.metadata }, fields, into)
  }
  for (const owner of desired.metadata.ownerReferences ?? []) {
    const known = live.metadata.ownerReferences?.find(({ uid }) => uid === owner.uid)
    if (!known || !contains('', owner, known))
      into.push({ path: 'metadata.ownerReferences', why: 'differs', live: known })
  }
}

function compareField(
  field: string,
  path: string,
  desired: Fields,
  live: Fields,
  owned: Fields,
  into: Difference[],
): void {
  const wanted = desired[field]
  const fields = owned[`f:${field}`]
  const isWanted = wanted !== undefined && wanted !== null
  if (!isWanted && fields !== undefined) into.push({ path, why: 'no longer rendered' })
  if (!isWanted) return
  if (fields === undefined || !isRecord(fields)) {
    if (!isEmpty(wanted)) into.push({ path, why: 'not owned', live: live[field] })
    return
  }
  compareValue(path, wanted, live[field], fields, into)
}

function compareValue(path: string, wanted: unknown, live: unknown, owned: Fields, into: Difference[]): void {
  const isLeaf = Object.keys(owned).every((key) => key === '.')
  if (isLeaf) {
    if (!contains(path, wanted, live)) into.push({ path, why: 'differs', live })
  } else if (isRecord(wanted)) {
    const liveFields = isRecord(live) ? live : {}
    for (const field of new Set([...Object.keys(wanted), ...ownedNames(owned)])) {
      compareField(field, `${path}.${field}`, wanted, liveFields, owned, into)
    }
  } else if (Array.isArray(wanted)) {
    compareItems(path, wanted, Array.isArray(live) ? live : [], owned, into)
  } else {
    into.push({ path, why: 'differs', live })
  }
}

/** A list that server-side apply merges: by the keys of its items, or as a set of values. */
function compareItems(
  path: string,
  wanted: readonly unknown[],
  live: readonly unknown[],
  owned: Fields,
  into: Difference[],
): void {
  const missing = new Set(wanted)
  for (const [selector, fields] of Object.entries(owned)) {
    if (selector === '.') continue
    const place = `${path}[${selector.slice(2)}]`
    const item = wanted.find((candidate) => matches(selector, candidate, 'defaults may be missing'))
    if (item === undefined) {
      into.push({ path: place, why: 'no longer rendered' })
      continue
    }
    missing.delete(item)
    const liveItem = live.find((candidate) => matches(selector, candidate, 'exact'))
    if (liveItem === undefined) into.push({ path: place, why: 'differs' })
    else compareValue(place, item, liveItem, isRecord(fields) ? fields : {}, into)
  }
  for (const item of missing) into.push({ path: `${path}[${wanted.indexOf(item)}]`, why: 'not owned' })
}

/** `k:{"name":"web"}` or `v:"web"`. A key may be one that the server filled in: a port's protocol. */
function matches(selector: string, item: unknown, mode: 'exact' | 'defaults may be missing'): boolean {
  const value = parsedSelector(selector)
  if (selector.startsWith('v:')) return isDeepStrictEqual(value, item)
  if (!isRecord(value) || !isRecord(item)) return false
  return Object.entries(value).every(([key, wanted]) => {
    if (item[key] === undefined) return mode === 'defaults may be missing'
    return isDeepStrictEqual(item[key], wanted)
  })
}

function parsedSelector(selector: string): unknown {
  try {
    return JSON.parse(selector.slice(2))
  } catch {
    return undefined
  }
}

function ownedNames(owned: Fields): string[] {
  return Object.keys(owned).flatMap((key) => (key.startsWith('f:') ? [key.slice(2)] : []))
}

/** Everything wanted is there. What the server adds (defaults) and how it writes an amount is no difference. */
function contains(path: string, wanted: unknown, live: unknown): boolean {
  if (isEmpty(wanted) && isEmpty(live)) return true
  if (Array.isArray(wanted)) {
    if (!Array.isArray(live) || live.length !== wanted.length) return false
    return wanted.every((item, index) => contains(path, item, live[index]))
  }
  if (isRecord(wanted)) {
    return (
      isRecord(live) && Object.entries(wanted).every(([key, value]) => contains(`${path}.${key}`, value, live[key]))
    )
  }
  return wanted === live || (quantityPath.test(path) && isSameQuantity(String(wanted), String(live)))
}

/** Where the built-in kinds hold a resource.Quantity, which a server writes its own way. Elsewhere `1.0` is not `1`. */
const quantityPath = /^spec.*\.(?:(?:limits|requests|capacity)\..+|sizeLimit|divisor|averageValue|target\.value)$/

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  return isRecord(value) && Object.keys(value).length === 0
}
