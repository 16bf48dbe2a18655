import type { KubeObject } from '@millrace/kube'

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

/** gateway.networking.k8s.io/v1 HTTPRoute, as far as routing reads it. */
export interface HttpRoute extends KubeObject {
  spec?: {
    hostnames?: string[]
    rules?: {
      matches?: {
        path?: { type?: string; value?: string }
        headers?: { type?: string; name: string; value: string }[]
        method?: string
      }[]
      filters?: HttpRouteFilter[]
      backendRefs?: { name: string; namespace?: string; kind?: string; port?: number; weight?: number }[]
    }[]
  }
}

interface HttpRouteFilter {
  type?: string
  urlRewrite?: { hostname?: string; path?: { type?: string; replaceFullPath?: string; replacePrefixMatch?: string } }
  requestHeaderModifier?: { set?: NameValue[]; add?: NameValue[]; remove?: string[] }
}

interface NameValue {
  name: string
  value: string
}

/** A Service and one of its ports, by number or name; absent: the one that HTTP would take. */
export interface Backend {
  readonly namespace: string
  readonly service: string
  readonly port: number | string | undefined
  /** Share of the requests, against the other backends of the route. */
  readonly weight: number
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
  readonly setHeaders?: readonly NameValue[]
  readonly removeHeaders?: readonly string[]
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
export function planRouteTable(ingresses: readonly Ingress[], httpRoutes: readonly HttpRoute[] = []): RouteTable {
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
    for (const host of hosts) listOf(host).push(...httpRouteRoutes(route))
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

function httpRouteRoutes(object: HttpRoute): Route[] {
  return (object.spec?.rules ?? []).flatMap((rule) => {
    const backends = (rule.backendRefs ?? [])
      .filter(({ kind = 'Service' }) => kind === 'Service')
      .map(({ name, namespace, port, weight }) => ({
        namespace: namespace ?? object.metadata.namespace ?? 'default',
        service: name,
        port,
        weight: weight ?? 1,
      }))
    const matches = rule.matches?.length ? rule.matches : [{}]
    return matches.map(
      (match): Route => ({
        source: `HTTPRoute ${nameOf(object)}`,
        path: httpRoutePath(match.path),
        ...(match.method !== undefined && { method: match.method }),
        headers: (match.headers ?? []).map(({ type, name, value }) => ({
          name: name.toLowerCase(),
          value,
          isPattern: type === 'RegularExpression',
        })),
        backends,
        ...httpRouteChanges(rule.filters ?? []),
      }),
    )
  })
}

function httpRoutePath(path: { type?: string; value?: string } = {}): Route['path'] {
  const value = path.value ?? '/'
  if (path.type === 'Exact') return { type: 'Exact', value }
  return { type: path.type === 'RegularExpression' ? 'Pattern' : 'Prefix', value }
}

function httpRouteChanges(
  filters: readonly HttpRouteFilter[],
): Pick<Route, 'rewrite' | 'setHeaders' | 'removeHeaders'> {
  const rewrite = filters.find(({ urlRewrite }) => urlRewrite)?.urlRewrite
  const modifiers = filters.flatMap(({ requestHeaderModifier }) => requestHeaderModifier ?? [])
  const setHeaders = modifiers.flatMap(({ set = [], add = [] }) => [...set, ...add])
  const removeHeaders = modifiers.flatMap(({ remove = [] }) => remove.map((name) => name.toLowerCase()))
  return {
    ...(rewrite && {
      rewrite: {
        ...(rewrite.hostname !== undefined && { host: rewrite.hostname }),
        ...(rewrite.path?.replaceFullPath !== undefined && { fullPath: rewrite.path.replaceFullPath }),
        ...(rewrite.path?.replacePrefixMatch !== undefined && { prefix: rewrite.path.replacePrefixMatch }),
      },
    }),
    ...(setHeaders.length > 0 && { setHeaders }),
    ...(removeHeaders.length > 0 && { removeHeaders }),
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

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`
}

/** A whole-path pattern; undefined when it is not a regular expression. */
export function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch {
    return undefined
  }
}
