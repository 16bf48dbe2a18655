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

/** Several as one: mutations in order, then all validations. */
export function chainAdmission(parts: readonly Admission[]): Admission {
  return {
    mutate: async (review, object) => {
      let present = object
      for (const part of parts) present = await part.mutate(review, present)
      return present
    },
    validate: async (review, object) => {
      for (const part of parts) await part.validate(review, object)
    },
  }
}
