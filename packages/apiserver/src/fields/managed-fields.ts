import type { KubeObject } from '@millrace/kube'
import { emptyObject } from '../builtin/decode.ts'
import { deepEqual } from '../schema/deep-equal.ts'
import type { Schema } from '../schema/schema.ts'
import { checkTyped } from './check-typed.ts'
import { type ConflictAnswer, conflictAnswer, type OwnedConflict } from './conflicts.ts'
import {
  difference,
  emptySet,
  type FieldPath,
  type FieldSet,
  hasPath,
  intersection,
  isEmptySet,
  pathsOf,
  recursiveDifference,
  setOf,
  union,
  withNamedFields,
} from './field-set.ts'
import { capUpdateManagers, decodeManagers, encodeManagers, managerId, type Managers, type Owned } from './managers.ts'
import { allowedByLastApplied, withLastApplied } from './last-applied.ts'
import { mergeTyped, removeItems } from './merge-typed.ts'
import { fieldElement } from './path-element.ts'
import { reconcileSet } from './reconcile-set.ts'
import { compareTyped, type Comparison, toFieldSet } from './to-field-set.ts'

/** What field management needs to know about one write. */
export interface WriteContext {
  readonly schema: Schema
  /** Field manager's name. Empty: `unknown`. */
  readonly manager: string
  /** '' for the object itself. */
  readonly subresource: string
  /** RFC 3339 seconds, UTC: `2026-01-02T03:04:05Z`. */
  readonly now: string
  /** Top-level paths the strategy resets for this endpoint (`status` on the main resource, all but status on /status). */
  readonly resetFields: readonly (readonly string[])[]
  /** Schemas of the kind's versions by apiVersion; undefined: that version is gone and its entries are dropped. */
  readonly schemaOf?: (apiVersion: string) => Schema | undefined
  /** Converts the object for comparison in another served version. Absent: versions differ in nothing but apiVersion. */
  readonly convert?: (object: KubeObject, apiVersion: string) => KubeObject
}

export type ApplyResult =
  /** `changed` false: the merged object is the live one, only ownership may differ. */
  | { readonly ok: true; readonly object: KubeObject; readonly changed: boolean }
  | ConflictAnswer
  /** 400: a malformed request; 500: a configuration that does not fit its kind (Kubernetes answers so). */
  | { readonly ok: false; readonly code: 400 | 500; readonly message: string }

/** Metadata that is never owned. */
const neverOwned: FieldSet = setOf(
  ...[['apiVersion'], ['kind'], ['metadata']].map(toPath),
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation'].map((name) =>
    toPath(['metadata', name]),
  ),
  ...['managedFields', 'resourceVersion'].map((name) => toPath(['metadata', name])),
)

/**
 * Ownership after a create, update or patch: `updated` with its new managedFields. Both objects are decoded and
 * defaulted; call it before admission. `live` undefined: create. managedFields that cannot be kept are dropped.
 */
export function trackUpdate(live: KubeObject | undefined, updated: KubeObject, context: WriteContext): KubeObject {
  const managers = managersBeforeUpdate(live, updated, context)
  const bare = withoutManagedFields(updated)
  const isTracked = managers.size > 0 || live?.metadata.uid === undefined
  if (!isTracked) return bare
  const before = withoutManagedFields(live ?? emptyLike(updated, context.schema))
  if (checkTyped(before, context.schema, true).length > 0 || checkTyped(bare, context.schema, true).length > 0) {
    return bare
  }
  return withManagers(bare, capUpdateManagers(updateManagers(before, bare, managers, context)))
}

/** Who owns what before an update: the request's own word (which may reset or edit it), else the live object's. */
function managersBeforeUpdate(live: KubeObject | undefined, updated: KubeObject, context: WriteContext): Managers {
  const liveManagers = (): Managers => decodeManagers(live?.metadata.managedFields) ?? new Map()
  if (context.subresource !== '') return liveManagers()
  const given = updated.metadata.managedFields
  // Custom resources take the empty list for an absent one.
  const isEmpty = given?.length === 0 && context.schema.presence !== undefined
  const isReset = isEmpty || (given?.length === 1 && isEmptyEntry(given[0]))
  if (isReset) return new Map()
  const managers = decodeManagers(given)
  return managers && managers.size > 0 ? managers : liveManagers()
}

const isEmptyEntry = (entry: unknown): boolean =>
  typeof entry === 'object' && entry !== null && Object.keys(entry).length === 0

/** One Update by the context's manager: it owns what it changed, everybody loses what was removed or overwritten. */
function updateManagers(before: KubeObject, after: KubeObject, managers: Managers, context: WriteContext): Managers {
  const { apiVersion } = after
  const known = reconcileManagers(managers, context)
  const { managers: rest, comparison } = settle(before, after, known, undefined, context)
  const own = withoutReset(union(comparison.modified, comparison.added), context)
  const taken = difference(own, neverOwned)
  const out = new Map(rest)
  if (isEmptySet(taken)) return out
  const self = { ...identity(context, 'Update', apiVersion), time: context.now }
  const former = out.get(managerId(self))
  out.set(managerId(self), { ...self, set: former ? union(taken, former.set) : taken })
  return out
}

/**
 * Server-side apply: merges the applied configuration into the live object, or says who else owns the fields.
 * `live` undefined: the object is created. The caller decodes, defaults and runs its strategy on the result, whose
 * managedFields are final.
 */
export function applyServerSide(
  live: KubeObject | undefined,
  applied: KubeObject,
  context: WriteContext & { readonly force: boolean },
): ApplyResult {
  if (applied.metadata.managedFields !== undefined) {
    return { ok: false, code: 400, message: 'metadata.managedFields must be nil' }
  }
  const stored = live ?? emptyLike(applied, context.schema)
  const decoded = decodeManagers(stored.metadata.managedFields)
  if (!decoded) return { ok: false, code: 500, message: 'failed to decode managed fields' }
  const wrong = checkTyped(applied, context.schema, false)
  if (wrong.length > 0)
    return {
      ok: false,
      code: 500,
      message: `failed to create typed patch object (${label(applied)}): ${joined(wrong)}`,
    }
  const base = withoutManagedFields(stored)
  const wrongLive = checkTyped(base, context.schema, true)
  if (wrongLive.length > 0)
    return {
      ok: false,
      code: 500,
      message: `failed to create typed live object (${label(base)}): ${joined(wrongLive)}`,
    }

  const managers = decoded.size > 0 ? decoded : managersBeforeFirstApply(live && base, context)
  const attempt = apply(base, applied, managers, context, context.force)
  if (attempt.ok) return finishApply(base, applied, attempt, context)
  const allowed = context.manager === 'kubectl' ? allowedByLastApplied(base, context.schema) : undefined
  const conflicts = allowed ? attempt.conflicts.filter(({ path }) => !hasPath(allowed, path)) : attempt.conflicts
  if (conflicts.length > 0) return conflictAnswer(conflicts)
  const forced = apply(base, applied, managers, context, true)
  return forced.ok ? finishApply(base, applied, forced, context) : conflictAnswer(forced.conflicts)
}

/** An object from before ownership was tracked: all of it belongs to `before-first-apply`. */
function managersBeforeFirstApply(live: KubeObject | undefined, context: WriteContext): Managers {
  if (!live) return new Map()
  const everything = { ...context, manager: 'before-first-apply' }
  return updateManagers(emptyLike(live, context.schema), live, new Map(), everything)
}

type Attempt =
  | { readonly ok: true; readonly object: KubeObject; readonly managers: Managers }
  | { readonly ok: false; readonly conflicts: readonly OwnedConflict[] }

function apply(
  base: KubeObject,
  applied: KubeObject,
  managers: Managers,
  context: WriteContext,
  force: boolean,
): Attempt {
  const known = reconcileManagers(managers, context)
  const merged = mergeTyped(base, applied, context.schema) as KubeObject
  const identityOfSelf = identity(context, 'Apply', applied.apiVersion)
  const id = managerId(identityOfSelf)
  const last = known.get(id)
  const set = withoutReset(toFieldSet(applied, context.schema), context)
  const withSelf = new Map(known).set(id, { ...identityOfSelf, time: last?.time, set })
  const object = pruneFields(merged, withSelf, last, context)
  const settled = settle(base, object, withSelf, id, context)
  const conflicts = settled.conflicts
  if (!force && conflicts.length > 0) return { ok: false, conflicts }
  const out = new Map(settled.managers)
  const own = out.get(id)
  if (own) {
    const kept = difference(own.set, neverOwned)
    if (isEmptySet(kept)) out.delete(id)
    else out.set(id, { ...own, set: kept })
  }
  return { ok: true, object, managers: out }
}

function finishApply(
  base: KubeObject,
  applied: KubeObject,
  attempt: Extract<Attempt, { ok: true }>,
  context: WriteContext,
): ApplyResult {
  const changed = !deepEqual(base, attempt.object)
  const managers = new Map(attempt.managers)
  const id = managerId(identity(context, 'Apply', applied.apiVersion))
  const own = managers.get(id)
  if (own && changed) managers.set(id, { ...own, time: context.now })
  const object = withManagers(changed ? attempt.object : base, managers)
  return { ok: true, object: context.manager === 'kubectl' ? withLastApplied(object, applied) : object, changed }
}

/**
 * What a change means for all owners: those who own something that was added or modified are in conflict and lose it,
 * what was removed nobody owns any more. `self` (the applier) is spared.
 */
function settle(
  before: KubeObject,
  after: KubeObject,
  managers: Managers,
  self: string | undefined,
  context: WriteContext,
): { managers: Managers; comparison: Comparison; conflicts: OwnedConflict[] } {
  const comparisons = new Map<string, Comparison | undefined>()
  const compareAt = (apiVersion: string): Comparison | undefined => {
    if (!comparisons.has(apiVersion)) comparisons.set(apiVersion, compareIn(apiVersion, before, after, context))
    return comparisons.get(apiVersion)
  }
  const out = new Map<string, Owned>()
  const conflicts: OwnedConflict[] = []
  for (const [id, owner] of [...managers].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const comparison = id === self ? undefined : compareAt(owner.apiVersion)
    if (id !== self && !comparison) continue
    if (!comparison) {
      if (!isEmptySet(owner.set)) out.set(id, owner)
      continue
    }
    const taken = intersection(owner.set, union(comparison.modified, comparison.added))
    for (const path of pathsOf(taken)) conflicts.push({ owner, path })
    const kept = difference(difference(owner.set, taken), comparison.removed)
    if (!isEmptySet(kept)) out.set(id, { ...owner, set: kept })
  }
  const comparison = compareAt(after.apiVersion) ?? { added: emptySet, modified: emptySet, removed: emptySet }
  return { managers: out, comparison, conflicts }
}

/** The change as a version of the kind sees it, without what this endpoint resets; undefined: no such version. */
function compareIn(
  apiVersion: string,
  before: KubeObject,
  after: KubeObject,
  context: WriteContext,
): Comparison | undefined {
  const schema = schemaIn(apiVersion, after.apiVersion, context)
  if (!schema) return undefined
  const { added, modified, removed } = compareTyped(
    inVersion(before, apiVersion, context),
    inVersion(after, apiVersion, context),
    schema,
  )
  return {
    added: withoutReset(added, context),
    modified: withoutReset(modified, context),
    removed: withoutReset(removed, context),
  }
}

function schemaIn(apiVersion: string, current: string, context: WriteContext): Schema | undefined {
  return apiVersion === current || !context.schemaOf ? context.schema : context.schemaOf(apiVersion)
}

function inVersion(object: KubeObject, apiVersion: string, context: WriteContext): KubeObject {
  if (object.apiVersion === apiVersion) return object
  return context.convert ? context.convert(object, apiVersion) : { ...object, apiVersion }
}

/**
 * Removes what the applier owned before and applies no longer, unless somebody else owns it too. What nobody owns but
 * stands inside (fields set by defaulting, or by updates) stays.
 */
function pruneFields(
  merged: KubeObject,
  managers: Managers,
  last: Owned | undefined,
  context: WriteContext,
): KubeObject {
  if (!last || isEmptySet(last.set)) return merged
  const current = merged.apiVersion
  const schema = schemaIn(last.apiVersion, current, context)
  if (!schema) return merged
  const whole = inVersion(merged, last.apiVersion, context)
  const named = (set: FieldSet, by: Schema) => withNamedFields(set, by)
  let pruned = removeItems(whole, named(last.set, schema), schema) as KubeObject
  for (const [version, owned] of ownedByVersion(managers, last.apiVersion)) {
    const by = schemaIn(version, current, context)
    if (!by) continue
    const wholeThere = inVersion(whole, version, context)
    const prunedThere = inVersion(pruned ?? {}, version, context)
    const present = named(toFieldSet(wholeThere, by), by)
    const kept = union(named(toFieldSet(prunedThere, by), by), named(owned, by))
    pruned = inVersion(removeItems(wholeThere, difference(present, kept), by) as KubeObject, last.apiVersion, context)
  }
  const before = named(toFieldSet(whole, schema), schema)
  const after = named(toFieldSet(pruned, schema), schema)
  const gone = intersection(difference(before, after), named(last.set, schema))
  return inVersion(removeItems(whole, gone, schema) as KubeObject, current, context)
}

/** What all managers own together, version by version, the given one first. */
function ownedByVersion(managers: Managers, first: string): Map<string, FieldSet> {
  const owned = new Map<string, FieldSet>()
  const sorted = [...managers.values()].sort((a, b) => Number(b.apiVersion === first) - Number(a.apiVersion === first))
  for (const owner of sorted) {
    const known = owned.get(owner.apiVersion)
    owned.set(owner.apiVersion, known ? union(known, owner.set) : owner.set)
  }
  return owned
}

function reconcileManagers(managers: Managers, context: WriteContext): Managers {
  const out = new Map<string, Owned>()
  for (const [id, owner] of managers) {
    const schema = context.schemaOf?.(owner.apiVersion) ?? context.schema
    out.set(id, { ...owner, set: reconcileSet(owner.set, schema) })
  }
  return out
}

function identity(
  context: WriteContext,
  operation: 'Apply' | 'Update',
  apiVersion: string,
): Omit<Owned, 'set' | 'time'> {
  const manager = context.manager === '' ? 'unknown' : context.manager
  return { manager, operation, apiVersion, subresource: context.subresource }
}

function withoutReset(set: FieldSet, context: WriteContext): FieldSet {
  return context.resetFields.length === 0 ? set : recursiveDifference(set, setOf(...context.resetFields.map(toPath)))
}

function toPath(names: readonly string[]): FieldPath {
  return names.map(fieldElement)
}

/** What an object of this kind is before anybody has set anything: Go's zero value for built-ins. */
function emptyLike(object: KubeObject, schema: Schema): KubeObject {
  const { apiVersion, kind } = object
  return { ...emptyObject(schema), apiVersion, kind }
}

function withoutManagedFields(object: KubeObject): KubeObject {
  if (object.metadata?.managedFields === undefined) return object
  const { managedFields: _dropped, ...metadata } = object.metadata
  return { ...object, metadata }
}

function withManagers(object: KubeObject, managers: Managers): KubeObject {
  const managedFields = encodeManagers(managers)
  const bare = withoutManagedFields(object)
  return managedFields ? { ...bare, metadata: { ...bare.metadata, managedFields } } : bare
}

function label(object: KubeObject): string {
  const { namespace = '', name = '' } = object.metadata
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion]
  return `${namespace}/${name}; ${group}/${version}, Kind=${object.kind}`
}

function joined(findings: readonly string[]): string {
  return findings.length === 1
    ? (findings[0] ?? '')
    : `errors:\n${findings.map((finding) => `  ${finding}`).join('\n')}`
}
