import type { Route } from './route.ts'
import { compile, type RouteTable } from './route-table.ts'

/** What routing looks at. */
export interface RequestFacts {
  /** Lower case, without port. */
  readonly host: string
  /** Without the query. */
  readonly path: string
  readonly method: string
  readonly header: (lowerCaseName: string) => string | undefined
}

/**
 * The route for a request: the exact host's, then the longest wildcard's, then those of rules without a host. A host
 * that has rules of its own does not fall back to others when none of its paths match.
 */
export function matchRoute(table: RouteTable, facts: RequestFacts): Route | undefined {
  const own = routesOfHost(table, facts.host)
  return first(own ?? table.anyHost, facts)
}

/** True when the table names this host, whatever the path. */
export function isRoutedHost(table: RouteTable, host: string): boolean {
  return routesOfHost(table, host) !== undefined
}

/** Every host of the table, for people. */
export function routedHosts(table: RouteTable): string[] {
  return [...table.exact.keys(), ...[...table.wildcard.keys()].map((suffix) => `*${suffix}`)].sort()
}

function routesOfHost(table: RouteTable, host: string): readonly Route[] | undefined {
  const exact = table.exact.get(host)
  if (exact) return exact
  // `*.example.com` stands for exactly one label in an Ingress, for one or more in a Gateway; the wider meaning holds.
  for (let dot = host.indexOf('.'); dot > 0; dot = host.indexOf('.', dot + 1)) {
    const routes = table.wildcard.get(host.slice(dot))
    if (routes) return routes
  }
  return undefined
}

function first(routes: readonly Route[], facts: RequestFacts): Route | undefined {
  return routes.find((route) => matches(route, facts))
}

function matches(route: Route, facts: RequestFacts): boolean {
  if (route.method !== undefined && route.method !== facts.method) return false
  return (
    pathMatches(route.path, facts.path) &&
    route.headers.every(({ name, value, isPattern }) => {
      const given = facts.header(name)
      if (given === undefined) return false
      return isPattern ? (cachedPattern(value)?.test(given) ?? false) : given === value
    })
  )
}

/** A prefix matches whole path elements: `/v1` matches `/v1` and `/v1/models`, not `/v10`. */
function pathMatches({ type, value }: Route['path'], path: string): boolean {
  if (type === 'Exact') return path === value
  if (type === 'Pattern') return cachedPattern(value)?.test(path) ?? false
  if (!path.startsWith(value)) return value.length === path.length + 1 && value === `${path}/`
  return value.endsWith('/') || path.length === value.length || path[value.length] === '/'
}

const patterns = new Map<string, RegExp | undefined>()
const patternsMax = 1000

function cachedPattern(pattern: string): RegExp | undefined {
  if (!patterns.has(pattern)) {
    if (patterns.size >= patternsMax) patterns.clear()
    patterns.set(pattern, compile(pattern))
  }
  return patterns.get(pattern)
}

/** The path to ask the backend for. */
export function rewrittenPath(route: Route, path: string, query: string): string {
  const { fullPath, prefix } = route.rewrite ?? {}
  if (fullPath !== undefined) return fullPath + query
  if (prefix === undefined || route.path.type !== 'Prefix') return path + query
  const rest = path.slice(route.path.value.replace(/\/$/, '').length)
  const joined = prefix.replace(/\/$/, '') + (rest === '' || rest.startsWith('/') ? rest : `/${rest}`)
  return (joined === '' ? '/' : joined) + query
}
