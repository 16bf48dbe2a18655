import type { ManagedFieldsEntry } from '@millrace/kube'
import { type FieldSet, union } from './field-set.ts'
import { decodeFieldSet, encodeFieldSet } from './fields-v1.ts'

/** What one manager owns, in one version of the kind. */
export interface Owned {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string | undefined
  readonly set: FieldSet
}

/** Owners by identity: an applier is the same in all versions, an updater is another one in each. */
export type Managers = ReadonlyMap<string, Owned>

/** Kubernetes keeps so many Update entries; the oldest are merged beyond. */
const updateManagersMax = 10
const mergedManager = 'ancient-changes'

export function managerId(owner: Pick<Owned, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string {
  const version = owner.operation === 'Apply' ? '' : owner.apiVersion
  return JSON.stringify([owner.manager, owner.operation, version, owner.subresource])
}

/** Reads managedFields; undefined where an entry is malformed. */
export function decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers | undefined {
  const found = new Map<string, Owned>()
  for (const entry of entries ?? []) {
    const { operation, apiVersion, fieldsType } = entry
    const set = decodeFieldSet(entry.fieldsV1 ?? {})
    if ((operation !== 'Apply' && operation !== 'Update') || !apiVersion || fieldsType !== 'FieldsV1' || !set) {
      return undefined
    }
    const owner: Owned = {
      manager: entry.manager ?? '',
      operation,
      apiVersion,
      subresource: entry.subresource ?? '',
      time: entry.time,
      set,
    }
    found.set(managerId(owner), owner)
  }
  return found
}

/** managedFields as they are stored: Apply before Update, then by time and name. Undefined: nobody owns anything. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined
  return [...managers.values()].sort(byOperationTimeName).map((owner) => ({
    apiVersion: owner.apiVersion,
    fieldsType: 'FieldsV1',
    fieldsV1: encodeFieldSet(owner.set),
    ...(owner.manager === '' ? {} : { manager: owner.manager }),
    operation: owner.operation,
    ...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
    ...(owner.time === undefined ? {} : { time: owner.time }),
  }))
}

function byOperationTimeName(a: Owned, b: Owned): number {
  return (
    compareText(a.operation, b.operation) ||
    secondsOf(a) - secondsOf(b) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  )
}

/** Merges the oldest Update entries of each version into one called `ancient-changes` until there are few enough. */
export function capUpdateManagers(managers: Managers): Managers {
  const updates = [...managers].filter(([, owner]) => owner.operation === 'Update')
  if (updates.length <= updateManagersMax) return managers
  updates.sort(([idA, a], [idB, b]) => secondsOf(a) - secondsOf(b) || compareText(idA, idB))
  const out = new Map(managers)
  const firstOf = new Map<string, string>()
  let count = updates.length
  for (const [id, owner] of updates) {
    if (count <= updateManagersMax) break
    const first = firstOf.get(owner.apiVersion)
    if (first === undefined) {
      firstOf.set(owner.apiVersion, id)
      continue
    }
    const merged = {
      manager: mergedManager,
      operation: 'Update' as const,
      apiVersion: owner.apiVersion,
      subresource: '',
    }
    const bucketId = managerId(merged)
    const bucket = out.get(bucketId) ?? out.get(first)
    if (!out.has(bucketId)) out.delete(first)
    out.delete(id)
    out.set(bucketId, { ...merged, time: owner.time, set: bucket ? union(owner.set, bucket.set) : owner.set })
    count--
  }
  return out
}

/** How conflict messages name an owner: `"kubectl-client-side-apply" using apps/v1`. */
export function managerText(owner: Owned): string {
  const name = JSON.stringify(owner.manager)
  const full = owner.subresource === '' ? name : `${name} with subresource ${JSON.stringify(owner.subresource)}`
  return owner.operation === 'Update' ? `${full} using ${owner.apiVersion}` : full
}

function secondsOf(owner: Owned): number {
  const ms = owner.time === undefined ? 0 : Date.parse(owner.time)
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000)
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
