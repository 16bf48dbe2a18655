/** How a webhook is reached: admissionregistration and apiextensions have the same shape. */
export interface WebhookClientConfig {
  readonly url?: string
  readonly service?: {
    readonly namespace: string
    readonly name: string
    readonly path?: string
    readonly port?: number
  }
  /** Base64 of PEM. */
  readonly caBundle?: string
}

/** Posts a review to a webhook and answers its parsed JSON. Rejects with a plain Error whose message says why. */
export type CallWebhook = (
  config: WebhookClientConfig,
  review: object,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
) => Promise<unknown>
