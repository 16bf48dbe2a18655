import type { PatchResult } from './patch-result.ts'

/** RFC 7386. A patch that is no object is refused with 400, as the real server does. */
export function applyMergePatch(document: unknown, patch: unknown): PatchResult {
  throw new Error(`to be written ${String(document)} ${String(patch)}`)
}
