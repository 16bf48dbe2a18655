import type { Log } from '@millrace/kube'
import type { Admission } from '../admission/admission.ts'
import type { User } from '../http/authenticate.ts'
import type { TokenIssuer } from '../http/issue-tokens.ts'
import type { Store } from '../store/store.ts'
import type { KindHooks } from './kind-hooks.ts'
import type { Authorizer } from './rbac.ts'
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
  readonly authorizer: Authorizer
  readonly tokens: TokenIssuer
  /** Whom a bearer token stands for. */
  readonly authenticate: (token: string) => User | undefined
  /** How logs are read from the kubelet endpoint that a Node names; undefined: not at all. */
  readonly kubelet: { readonly token: string; readonly scheme: 'http' | 'https' } | undefined
  readonly hooks: KindHooks
  /** Watch lines shared by all watchers. */
  readonly lines: LineCache
  /** Aborts when the server closes: every watch ends. */
  readonly closing: AbortSignal
}

/** RFC 3339 with seconds, as metav1.Time. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}
