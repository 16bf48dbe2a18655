/** Outcome of a patch: the new document (sharing what did not change), or what the API answers. */
export type PatchResult =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false
      readonly code: 400 | 413 | 422
      readonly reason: 'BadRequest' | 'Invalid' | 'RequestEntityTooLarge'
      readonly message: string
    }
