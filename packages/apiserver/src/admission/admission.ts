import type { KubeObject } from '@millrace/kube'
import type { ApiRequest } from '../registry/api-request.ts'

/** One write under review. */
export interface Review {
  readonly request: ApiRequest
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  /** '' for the object itself. */
  readonly subresource: string
  readonly old: KubeObject | undefined
  readonly dryRun: boolean
}

/** Who may change or refuse a write before it is stored. Refusals are thrown as `ApiError`. */
export interface Admission {
  /** The object as mutating plug-ins and webhooks leave it. `object` undefined: a deletion. */
  mutate<T extends KubeObject | undefined>(review: Review, object: T): Promise<T>
  validate(review: Review, object: KubeObject | undefined): Promise<void>
}
