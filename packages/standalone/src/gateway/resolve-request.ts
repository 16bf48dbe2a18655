import type { IncomingMessage } from 'node:http'
import type { GatewayAnswer } from './gateway-answer.ts'
import { isRoutedHost, matchRoute, rewrittenPath, routedHosts } from './match-route.ts'
import type { Backend, Route } from './route.ts'
import type { RouteTable } from './route-table.ts'
import { type EndpointsResult, parseClusterName } from './service-endpoints.ts'

export interface RoutingState {
  readonly table: RouteTable
  readonly hasService: (namespace: string, name: string) => boolean
  /** Asked for every request, so it has to be quick. */
  readonly endpoints: (namespace: string, name: string, port: number | string | undefined) => EndpointsResult
  /** The port of the gateway itself: a Host header that names it says nothing about the Service's port. */
  readonly ownPort: number
  /** In [0, 1). */
  readonly random: () => number
}

export type Resolution =
  | {
      readonly ok: true
      readonly host: string
      readonly path: string
      readonly route: Route | undefined
      readonly target: string
      readonly addresses: () => readonly string[]
    }
  | { readonly ok: false; readonly answer: GatewayAnswer }

interface Asked {
  /** As given, with port: what the backend sees. */
  readonly authority: string
  /** Lower case, without port. */
  readonly name: string
  readonly port: number | undefined
  readonly path: string
  readonly query: string
}

/** Decides where a request goes: an Ingress or HTTPRoute that names its host, else the Service that its host names. */
export function resolveRequest(request: IncomingMessage, state: RoutingState): Resolution {
  const asked = parseAsked(request, state.ownPort)
  if (!asked) {
    return refuse(400, 'BadRequest', 'The request names no host, or its target is not a URL or an absolute path.')
  }
  const facts = {
    host: asked.name,
    path: asked.path,
    method: request.method ?? 'GET',
    header: (name: string) => {
      const value = request.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
  }
  const isRouted = isRoutedHost(state.table, asked.name)
  const named = isRouted ? undefined : clusterBackend(asked, state)
  if (named) return toBackend(named, asked, undefined, state)
  const route = matchRoute(state.table, facts)
  const outside = route || isRouted ? undefined : outsideTarget(asked, request)
  if (outside !== undefined)
    return {
      ok: true,
      host: asked.authority,
      path: asked.path + asked.query,
      route,
      target: asked.name,
      addresses: () => [outside],
    }
  if (!route) return refuse(...unknownHost(asked, isRouted, request, state.table))
  const backend = chooseBackend(route.backends, state.random())
  if (!backend) return refuse(503, 'NoBackend', `${route.source} has no backend that gets requests.`)
  if (backend.refusal) return refuse(500, backend.refusal.reason, `${route.source}: ${backend.refusal.message}`)
  return toBackend(backend, asked, route, state)
}

function toBackend(backend: Backend, asked: Asked, route: Route | undefined, state: RoutingState): Resolution {
  const find = () => state.endpoints(backend.namespace, backend.service, backend.port)
  const found = find()
  if (!found.ok) {
    const via = route ? `${route.source}: ` : ''
    return refuse(statusOf(found.reason, route), found.reason, via + found.message)
  }
  return {
    ok: true,
    host: asked.authority,
    path: route ? rewrittenPath(route, asked.path, asked.query) : asked.path + asked.query,
    route,
    target: `Service ${backend.namespace}/${backend.service}`,
    addresses: () => {
      const now = find()
      return now.ok ? now.endpoints : []
    },
  }
}

/** A name that nobody has is not found; a rule that leads to nothing is the platform's fault, not the caller's. */
function statusOf(
  reason: Extract<EndpointsResult, { ok: false }>['reason'],
  route: Route | undefined,
): 404 | 502 | 503 {
  if (reason === 'ExternalName') return 502
  return reason === 'NoReadyEndpoints' || route ? 503 : 404
}

/** A cluster name; the short form `service.namespace` only when there is such a Service. */
function clusterBackend({ name, port }: Asked, { hasService }: RoutingState): Backend | undefined {
  const parsed = parseClusterName(name)
  if (!parsed) return undefined
  const { namespace, service, isCertain } = parsed
  if (!isCertain && !hasService(namespace, service)) return undefined
  return { namespace, service, port, weight: 1 }
}

/** Weighted choice; a weight of 0 gets nothing. */
export function chooseBackend(backends: readonly Backend[], random: number): Backend | undefined {
  if (backends.length === 1) return backends[0]?.weight === 0 ? undefined : backends[0]
  let left = random * backends.reduce((sum, { weight }) => sum + weight, 0)
  return backends.find(({ weight }) => {
    left -= weight
    return weight > 0 && left < 0
  })
}

function parseAsked(request: IncomingMessage, ownPort: number): Asked | undefined {
  const target = request.url ?? '/'
  if (target.startsWith('/')) return splitTarget(request.headers.host ?? '', target, ownPort)
  // Absolute form: a client that takes this for its HTTP proxy. The target's host is what counts (RFC 9112, 3.2.2).
  const match = /^http:\/\/([^/?#]*)([^#]*)/i.exec(target)
  if (match?.[1] === undefined) return undefined
  const rest = match[2] ?? ''
  return splitTarget(match[1], rest.startsWith('/') ? rest : `/${rest}`, 80)
}

/** `impliedPort` in the authority is the same as none: the port by which one gets here, not one of the Service. */
function splitTarget(authority: string, target: string, impliedPort: number): Asked | undefined {
  const match = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(authority)
  if (match?.[1] === undefined) return undefined
  const port = match[2] === undefined ? undefined : Number(match[2])
  const question = target.indexOf('?')
  return {
    authority,
    name: match[1].toLowerCase().replace(/\.$/, ''),
    port: port === impliedPort ? undefined : port,
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? '' : target.slice(question),
  }
}

/** This machine itself, and the link-local addresses behind which clouds keep credentials. */
const neverOutside = /^(localhost|.*\.localhost|127\.[0-9.]+|0\.0\.0\.0|169\.254\.[0-9.]+|\[.*\]|[^.]+|.*\.local)$/

/**
 * Pods have this gateway as their HTTP proxy, for the sake of cluster names; what they ask of the world beside goes on to
 * it. Only requests in absolute form, which no web page can make a browser send here.
 */
function outsideTarget(asked: Asked, request: IncomingMessage): string | undefined {
  if (request.url?.startsWith('/') || neverOutside.test(asked.name)) return undefined
  return `${asked.name}:${asked.port ?? 80}`
}

function unknownHost(
  asked: Asked,
  isRouted: boolean,
  request: IncomingMessage,
  table: RouteTable,
): [404 | 502, string, string] {
  const hosts = routedHosts(table).slice(0, 50)
  const known = hosts.length === 0 ? 'No host is routed yet.' : `Known hosts: ${hosts.join(', ')}.`
  if (isRouted) return [404, 'NoRoute', `No rule of host ${asked.name} matches the path ${asked.path}.`]
  if (!request.url?.startsWith('/')) {
    const message = `${asked.name} is not a host of this platform, and the gateway is no proxy to this machine's own addresses; ask it without the proxy (NO_PROXY). ${known}`
    return [502, 'NotAProxy', message]
  }
  return [
    404,
    'UnknownHost',
    `No route is known for host ${asked.name}; send the service's host in the Host header. ${known}`,
  ]
}

function refuse(status: GatewayAnswer['status'], reason: string, message: string): Resolution {
  return { ok: false, answer: { status, reason, message } }
}
