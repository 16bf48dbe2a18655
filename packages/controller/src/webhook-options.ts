export type WebhookOptions = {
  /** The address that is listened on, and in `url` mode called. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Folder with tls.crt, tls.key and (unless somebody else fills in the authority) ca.crt. Absent: certificates of our own. */
  readonly certDir?: string
} & (
  | {
      /** The API server calls an address: one machine. */
      readonly mode: 'url'
    }
  | {
      /** The API server calls a Service of the cluster: its registration was installed with us (see deploy/). */
      readonly mode: 'service'
      readonly service: { readonly namespace: string; readonly name: string }
    }
)
