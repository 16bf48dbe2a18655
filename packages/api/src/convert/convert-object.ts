import { group } from '../kinds/kind-source.ts'
import { findKind } from '../kinds/kinds.ts'
import { isRecord } from '../validate/check-schema.ts'
import { inferenceServiceMoves } from './inference-service-moves.ts'
import { moveBack, moveForth, type Shape } from './rename-fields.ts'

export type Converted =
  | { readonly ok: true; readonly object: Readonly<Record<string, unknown>> }
  /** One sentence: which object, and why it cannot be. */
  | { readonly ok: false; readonly message: string }

/** The newer versions of kinds that have two, and how their fields move from the older one. */
export const conversions: readonly {
  readonly kind: string
  readonly older: string
  readonly newer: string
  readonly shape: Shape
}[] = [{ kind: 'InferenceService', older: 'v1beta1', newer: 'v1', shape: inferenceServiceMoves }]

/**
 * An object of ours in another version. Nothing is lost, whatever is in the object: there and back is the same. What is wrong
 * with it stays for validation to say; only what is no object of ours, or a version that is not ours, is refused here. The
 * given object is not changed, and parts of it are in the answer.
 */
export function convertObject(object: unknown, apiVersion: string): Converted {
  if (!isRecord(object)) return refused('what is to be converted is not an object')
  const { kind, apiVersion: from } = object
  const name = nameOf(object)
  if (typeof kind !== 'string' || typeof from !== 'string') return refused(`${name} has no kind or no apiVersion`)
  if (from === apiVersion) return { ok: true, object }
  const versions = findKind(kind)?.versions.map((version) => `${group}/${version.name}`) ?? []
  for (const version of [from, apiVersion]) {
    if (versions.includes(version)) continue
    const known =
      versions.length === 0 ? `${kind} is not a kind of ${group}` : `its versions are ${versions.join(', ')}`
    return refused(`${name} cannot be converted from ${from} to ${apiVersion}: ${known}`)
  }
  const conversion = conversions.find((each) => each.kind === kind)
  if (!conversion) return { ok: true, object: { ...object, apiVersion } }
  const isForth = apiVersion === `${group}/${conversion.newer}`
  const moved = isForth ? moveForth(object, conversion.shape) : moveBack(object, conversion.shape)
  return { ok: true, object: { ...Object(moved), apiVersion } }
}

function refused(message: string): Converted {
  return { ok: false, message }
}

function nameOf({ kind, metadata }: Readonly<Record<string, unknown>>): string {
  const { namespace, name } = isRecord(metadata) ? metadata : {}
  const where = [namespace, name].filter((part) => typeof part === 'string').join('/')
  return [typeof kind === 'string' ? kind : 'an object', where].filter(Boolean).join(' ')
}
