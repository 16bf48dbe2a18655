import { badPatch, jsonKind, type PatchResult } from './patch-result.ts'

type Json = Record<string, unknown>

/** RFC 7386. A patch that is no object is refused with 400, as the real server does. */
export function applyMergePatch(document: unknown, patch: unknown): PatchResult {
  if (patch === null) return badPatch('Invalid JSON Patch')
  if (!isObject(patch)) {
    return badPatch(
      `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`,
    )
  }
  return { ok: true, value: mergePatch(document, patch) }
}

/** The merged value: null removes, objects merge, anything else replaces. Neither argument is changed. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const out: Json = isObject(target) ? { ...target } : {}
  for (const [key, item] of Object.entries(patch)) {
    if (item === null) delete out[key]
    else out[key] = mergePatch(out[key], item)
  }
  return out
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
