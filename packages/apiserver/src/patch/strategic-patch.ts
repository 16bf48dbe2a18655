import type { Schema } from '../schema/schema.ts'
import type { PatchResult } from './patch-result.ts'

/** Strategic merge patch of a built-in kind, all directives. Custom resources get 415 from the engine instead. */
export function applyStrategicPatch(document: unknown, patch: unknown, schema: Schema): PatchResult {
  throw new Error(`to be written ${String(document)} ${String(patch)} ${String(schema)}`)
}
