import type { KubeObject } from '@millrace/kube'
import { knativeKeys } from '../keys.ts'
import type { StringMap } from '../pod/shape.ts'
import type { Scale } from './knative-scale.ts'

/** On a Knative Service: what the user had asked for where the cluster's settings had a hand in the template, as JSON. */
export const scaleAskedKey = 'internal.serving.kserve.io/scale-asked'

/** Bounds that the cluster's settings may decide. */
const keys = [knativeKeys.minScale, knativeKeys.initialScale] as const

export interface WrittenScale {
  readonly annotations: StringMap
  /** Value of `scaleAskedKey`; undefined: the cluster had no hand in it. */
  readonly asked: string | undefined
}

/** What a fresh revision gets. What the cluster makes of a wish is noted, unless the wish can be told from it. */
export function freshScale(scale: Scale): WrittenScale {
  const entries = keys.flatMap((key) => {
    const wish = askedNow(scale, key)
    const written = scale.written[key]
    return written === undefined || isWish(key, written, wish) ? [] : [[key, wish] as const]
  })
  return {
    annotations: scale.written,
    asked: entries.length === 0 ? undefined : JSON.stringify(Object.fromEntries(entries)),
  }
}

/** Whether a wish (`''`: none) gives this value without notes: a minimum of 1 is the default, an initial 0 may have become 1. */
function isWish(key: (typeof keys)[number], value: string, wish: string): boolean {
  return value === wish || (value === '1' && wish === (key === knativeKeys.minScale ? '' : '0'))
}

/**
 * The bounds of the revision that is there, where the user asks for the same as then: other settings of the cluster alone
 * are no reason for another revision. Undefined: the user has changed them, or they are as they would be anyway.
 *
 *     asked     settings then → revision     settings now → fresh     kept
 *     –         initial-scale 9, max 5 → 5   initial-scale 1 → –       5
 *     0         zero not allowed     → 1     zero allowed    → 0       1
 *     2         –                    → 2     (asked 3)       → 3       no: the user's own
 */
export function keptScale(scale: Scale, live: KubeObject): WrittenScale | undefined {
  const template: unknown = Object(Object(live['spec']).template)
  const before = Object(Object(Object(template).metadata).annotations) as Record<string, unknown>
  const asked = askedThen(live)
  const isSameWish = keys.every((key) => {
    const value = before[key]
    const now = askedNow(scale, key)
    return asked[key] === undefined ? isWish(key, typeof value === 'string' ? value : '', now) : asked[key] === now
  })
  if (!isSameWish) return undefined
  const all = { ...scale.written, ...Object.fromEntries(keys.map((key) => [key, before[key]])) }
  const order = [knativeKeys.minScale, knativeKeys.maxScale, knativeKeys.initialScale]
  const annotations = Object.fromEntries(
    order.flatMap((key) => (typeof all[key] === 'string' ? [[key, all[key]] as const] : [])),
  )
  const isFresh = keys.every((key) => annotations[key] === scale.written[key])
  return isFresh ? undefined : { annotations, asked: live.metadata.annotations?.[scaleAskedKey] }
}

function askedNow({ min, initial }: Scale, key: (typeof keys)[number]): string {
  const { asked } = key === knativeKeys.minScale ? min : initial
  return asked === undefined ? '' : String(asked)
}

/** Written by us; anything else says nothing. */
function askedThen(live: KubeObject): Readonly<Partial<Record<string, string>>> {
  try {
    const parsed: unknown = JSON.parse(live.metadata.annotations?.[scaleAskedKey] ?? '{}')
    const entries = Object.entries(Object(parsed) as Record<string, unknown>)
    return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]))
  } catch {
    return {}
  }
}
