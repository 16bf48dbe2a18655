import type { KubeObject } from '@millrace/kube'
import type { Schema } from '../schema/schema.ts'

/** What field management needs to know about one write. */
export interface WriteContext {
  readonly schema: Schema
  /** Field manager's name. */
  readonly manager: string
  /** '' for the object itself. */
  readonly subresource: string
  /** RFC 3339 seconds, UTC: `2026-01-02T03:04:05Z`. */
  readonly now: string
  /** Top-level paths the strategy resets for this endpoint (`status` on the main resource, all but status on /status). */
  readonly resetFields: readonly (readonly string[])[]
  /** Schemas of the kind's other versions by apiVersion; undefined: that version is gone and its entries are dropped. */
  readonly schemaOf?: (apiVersion: string) => Schema | undefined
  /** Converts the object for comparison in another served version. Absent: versions differ in nothing but apiVersion. */
  readonly convert?: (object: KubeObject, apiVersion: string) => KubeObject
}

export interface Conflict {
  readonly message: string
  /** `.spec.replicas`, `.spec.containers[name="a"].image`. */
  readonly field: string
}

export type ApplyResult =
  | { readonly ok: true; readonly object: KubeObject; readonly changed: boolean }
  | { readonly ok: false; readonly code: 409; readonly message: string; readonly conflicts: readonly Conflict[] }
  | { readonly ok: false; readonly code: 400 | 422 | 500; readonly message: string }

/**
 * Server-side apply: merges the applied configuration into the live object, or says who else owns the fields.
 * `live` undefined: the object is created. The result carries the new managedFields; its metadata is otherwise live's
 * merged with the applied one (the caller's strategy and defaulting run afterwards, then `finishApply`).
 */
export function applyServerSide(
  live: KubeObject | undefined,
  applied: KubeObject,
  context: WriteContext & { readonly force: boolean },
): ApplyResult {
  throw new Error(`to be written ${String(live)} ${String(applied)} ${String(context)}`)
}

/**
 * Ownership after a create, update or patch: `updated` with its new managedFields. Call it after defaulting and
 * strategy, before admission's validation. `live` undefined: create.
 */
export function trackUpdate(live: KubeObject | undefined, updated: KubeObject, context: WriteContext): KubeObject {
  throw new Error(`to be written ${String(live)} ${String(updated)} ${String(context)}`)
}
