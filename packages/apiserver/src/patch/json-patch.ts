import type { PatchResult } from './patch-result.ts'

/** RFC 6902. `patch` is the parsed body. At most 10000 operations, as the real server. */
export function applyJsonPatch(document: unknown, patch: unknown): PatchResult {
  throw new Error(`to be written ${String(document)} ${String(patch)}`)
}
