/** Outcome of a patch: the new document (sharing what did not change), or what the API answers. */
export type PatchResult =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false
      readonly code: 400 | 413 | 422
      readonly reason: 'BadRequest' | 'Invalid' | 'RequestEntityTooLarge'
      readonly message: string
    }

export function badPatch(message: string): PatchResult {
  return { ok: false, code: 400, reason: 'BadRequest', message }
}

export function unfitPatch(message: string): PatchResult {
  return { ok: false, code: 422, reason: 'Invalid', message }
}

/** What Go calls a JSON value in its decoding errors. */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  return value === null ? 'null' : typeof value
}
