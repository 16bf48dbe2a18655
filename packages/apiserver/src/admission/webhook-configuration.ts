import type { Store } from '../store/store.ts'
import type { WebhookClientConfig } from './call-webhook.ts'

/** One webhook of a (Mutating|Validating)WebhookConfiguration. */
export interface Webhook {
  readonly name: string
  readonly clientConfig: WebhookClientConfig
  readonly rules?: readonly WebhookRule[]
  readonly failurePolicy?: 'Ignore' | 'Fail'
  readonly matchPolicy?: 'Exact' | 'Equivalent'
  readonly namespaceSelector?: object
  readonly objectSelector?: object
  readonly sideEffects?: string
  readonly timeoutSeconds?: number
  readonly reinvocationPolicy?: 'Never' | 'IfNeeded'
  readonly matchConditions?: readonly MatchCondition[]
}

export interface WebhookRule {
  readonly operations?: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly apiVersions?: readonly string[]
  readonly resources?: readonly string[]
  readonly scope?: string
}

export interface MatchCondition {
  readonly name: string
  readonly expression: string
}

export const mutatingBucket = 'mutatingwebhookconfigurations.admissionregistration.k8s.io'
export const validatingBucket = 'validatingwebhookconfigurations.admissionregistration.k8s.io'

/** The webhooks of a bucket, configurations by name, parsed again only when one has changed. */
export function watchWebhooks(store: Store, bucket: string): () => readonly Webhook[] {
  let webhooks: readonly Webhook[] | undefined
  store.watch(bucket, store.revision, () => {
    webhooks = undefined
  })
  return () => {
    webhooks ??= store.list(bucket).entries.flatMap(({ value }) => {
      const configuration = JSON.parse(value) as { readonly webhooks?: readonly Webhook[] }
      return configuration.webhooks ?? []
    })
    return webhooks
  }
}
