import type { KubeObject } from '@millrace/kube'

/** A Service and one of its ports, by number or name; absent: the one that HTTP would take. */
export interface Backend {
  readonly namespace: string
  readonly service: string
  readonly port: number | string | undefined
  /** Share of the requests, against the other backends of the route. */
  readonly weight: number
  /** Why requests for it are refused. */
  readonly refusal?: { readonly reason: string; readonly message: string }
}

export interface HeaderMatch {
  /** Lower case. */
  readonly name: string
  readonly value: string
  readonly isPattern: boolean
}

export interface Route {
  /** Where the rule stands: `Ingress default/iris`. */
  readonly source: string
  readonly path: { readonly type: 'Exact' | 'Prefix' | 'Pattern'; readonly value: string }
  readonly method?: string
  readonly headers: readonly HeaderMatch[]
  readonly backends: readonly Backend[]
  readonly rewrite?: {
    readonly host?: string
    readonly fullPath?: string
    readonly prefix?: string
  }
  readonly setHeaders?: readonly { readonly name: string; readonly value: string }[]
  readonly removeHeaders?: readonly string[]
}

/** `namespace/name`, for people. */
export function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`
}
