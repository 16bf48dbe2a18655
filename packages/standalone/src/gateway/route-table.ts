import type { KubeObject } from '@millrace/kube'
import { type HttpRoute, httpRouteRoutes, type ReferenceGrant } from './http-route.ts'
import { type Backend, nameOf, type Route } from './route.ts'

/** networking.k8s.io/v1 Ingress, as far as routing reads it. `ingressClassName` is not read: there is one gateway. */
export interface Ingress extends KubeObject {
  spec?: {
    defaultBackend?: IngressBackend
    rules?: { host?: string; http?: { paths?: IngressPath[] } }[]
  }
}

interface IngressPath {
  path?: string
  pathType?: string
  backend?: IngressBackend
}

interface IngressBackend {
  service?: { name?: string; port?: { number?: number; name?: string } }
}

/** Routes by host. In each list the first that matches wins. */
export interface RouteTable {
  readonly exact: ReadonlyMap<string, readonly Route[]>
  /** By what follows the `*`: `.example.com`. */
  readonly wildcard: ReadonlyMap<string, readonly Route[]>
  /** Rules without a host, and default backends. */
  readonly anyHost: readonly Route[]
}

/** The routing table that Ingresses and HTTPRoutes describe together. The older object wins where two say the same. */
export function planRouteTable(
  ingresses: readonly Ingress[],
  httpRoutes: readonly HttpRoute[] = [],
  grants: readonly ReferenceGrant[] = [],
): RouteTable {
  const exact = new Map<string, Route[]>()
  const wildcard = new Map<string, Route[]>()
  const anyHost: Route[] = []
  const fallbacks: Route[] = []
  const listOf = (host: string | undefined): Route[] => {
    if (!host || host === '*') return anyHost
    const lower = host.toLowerCase()
    const [map, key] = lower.startsWith('*.') ? [wildcard, lower.slice(1)] : [exact, lower]
    const list = map.get(key) ?? []
    map.set(key, list)
    return list
  }
  for (const ingress of [...ingresses].sort(byAge)) {
    for (const rule of ingress.spec?.rules ?? [])
      listOf(rule.host).push(...ingressRoutes(ingress, rule.http?.paths ?? []))
    const backend = ingressBackend(ingress, ingress.spec?.defaultBackend)
    if (backend) fallbacks.push(plainRoute(ingress, { type: 'Prefix', value: '/' }, backend))
  }
  for (const route of [...httpRoutes].sort(byAge)) {
    const hosts = route.spec?.hostnames?.length ? route.spec.hostnames : [undefined]
    for (const host of hosts) listOf(host).push(...httpRouteRoutes(route, grants))
  }
  for (const list of [...exact.values(), ...wildcard.values(), anyHost]) list.sort(byPrecedence)
  return { exact, wildcard, anyHost: [...anyHost, ...fallbacks] }
}

function ingressRoutes(ingress: Ingress, paths: readonly IngressPath[]): Route[] {
  return paths.flatMap((path) => {
    const backend = ingressBackend(ingress, path.backend)
    if (!backend) return []
    // What ImplementationSpecific means is ours to say: a prefix, as in the controllers that people know.
    const type = path.pathType === 'Exact' ? 'Exact' : 'Prefix'
    return [plainRoute(ingress, ingressPath(type, path), backend)]
  })
}

/**
 * `/?(.*)`-like regular expressions are written into ImplementationSpecific paths by habit; anything with a character
 * that no path has is taken as one.
 */
function ingressPath(type: 'Exact' | 'Prefix', { path, pathType }: IngressPath): Route['path'] {
  const value = path || '/'
  if (pathType === 'ImplementationSpecific' && /[()*?$^[\]|\\]/.test(value) && compile(value))
    return { type: 'Pattern', value }
  return { type, value }
}

function plainRoute(ingress: Ingress, path: Route['path'], backend: Backend): Route {
  return { source: `Ingress ${nameOf(ingress)}`, path, headers: [], backends: [backend] }
}

function ingressBackend(ingress: Ingress, backend: IngressBackend | undefined): Backend | undefined {
  const { name, port } = backend?.service ?? {}
  if (!name) return undefined
  return {
    namespace: ingress.metadata.namespace ?? 'default',
    service: name,
    port: port?.number ?? port?.name,
    weight: 1,
  }
}

/** Exact before pattern before prefix, longer before shorter, more headers before fewer: Gateway API's order. */
function byPrecedence(a: Route, b: Route): number {
  const rank = { Exact: 0, Pattern: 1, Prefix: 2 }
  return (
    rank[a.path.type] - rank[b.path.type] ||
    b.path.value.length - a.path.value.length ||
    Number(Boolean(b.method)) - Number(Boolean(a.method)) ||
    b.headers.length - a.headers.length
  )
}

function byAge(a: KubeObject, b: KubeObject): number {
  const created = ({ metadata }: KubeObject) => metadata.creationTimestamp ?? ''
  return created(a).localeCompare(created(b)) || nameOf(a).localeCompare(nameOf(b))
}

/** A whole-path pattern; undefined when it is not a regular expression. */
export function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch {
    return undefined
  }
}
