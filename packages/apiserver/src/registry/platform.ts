import type { Admission } from '../admission/admission.ts'
import type { Store } from '../store/store.ts'
import type { KindHooks } from './kind-hooks.ts'
import type { ResourceTable } from './resource-table.ts'
import type { LineCache } from './watch-encoding.ts'

/** What the verbs share: state, the served resources, and the world's clock and chance. */
export interface Platform {
  readonly store: Store
  readonly resources: ResourceTable
  readonly now: () => Date
  readonly newUid: () => string
  /** A text of that many characters from the alphabet of generated names. */
  readonly randomSuffix: (length: number) => string
  readonly log: Log
  readonly admission: Admission
  readonly hooks: KindHooks
  /** Watch lines shared by all watchers. */
  readonly lines: LineCache
  /** Aborts when the server closes: every watch ends. */
  readonly closing: AbortSignal
}

export type Log = (message: string, fields: Readonly<Record<string, unknown>>) => void

/** RFC 3339 with seconds, as metav1.Time. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}
