import type { KubeObject } from '@millrace/kube'

/** A Service that a route may lead to. */
export interface Backend {
  readonly name: string
  readonly isReady: boolean
}

/**
 * A route as it is to be applied. One that serves already stays as it is while it would lead to a component that is not ready
 * and to which it does not lead yet: a transformer is put in front when it can answer, not before. What is there no more is
 * no reason to stay.
 */
export function keptWhileUnready(
  wanted: KubeObject,
  live: KubeObject | undefined,
  backends: readonly Backend[],
): KubeObject {
  if (!live) return wanted
  const [before, after] = [servicesOf(live), servicesOf(wanted)]
  const isEarly = backends.some(({ name, isReady }) => !isReady && after.includes(name) && !before.includes(name))
  const isServing = before.every((name) => backends.some((backend) => backend.name === name))
  return isEarly && isServing ? { ...wanted, spec: live['spec'] } : wanted
}

/** Services that an Ingress, an HTTPRoute or a VirtualService leads to; the last names the host by which the gateway finds it. */
function servicesOf({ spec }: KubeObject): readonly string[] {
  const { rules = [], http = [] } = Object(spec) as {
    readonly rules?: readonly Rule[]
    readonly http?: readonly Route[]
  }
  const names = [
    ...rules.flatMap((rule) => rule.http?.paths ?? []).map(({ backend }) => backend?.service?.name),
    ...rules.flatMap((rule) => rule.backendRefs ?? []).map(({ name }) => name),
    ...http.map(({ headers }) => headers?.request?.set?.Host?.split('.')[0]),
  ]
  return names.filter((name) => name !== undefined)
}

interface Rule {
  readonly http?: {
    readonly paths?: readonly { readonly backend?: { readonly service?: { readonly name?: string } } }[]
  }
  readonly backendRefs?: readonly { readonly name?: string }[]
}

interface Route {
  readonly headers?: { readonly request?: { readonly set?: { readonly Host?: string } } }
}
