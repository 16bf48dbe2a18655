import type { KubeObject } from '@millrace/kube'
import { type Backend, nameOf, type Route } from './route.ts'

/** gateway.networking.k8s.io/v1 HTTPRoute, as far as routing reads it. */
export interface HttpRoute extends KubeObject {
  spec?: { parentRefs?: ParentRef[]; hostnames?: string[]; rules?: HttpRouteRule[] }
  status?: { parents?: RouteParentStatus[] }
}

export interface ParentRef {
  group?: string
  kind?: string
  namespace?: string
  name: string
  sectionName?: string
  port?: number
}

export interface RouteParentStatus {
  parentRef: ParentRef
  controllerName: string
  conditions: RouteCondition[]
}

export interface RouteCondition {
  type: string
  status: 'True' | 'False'
  reason: string
  message: string
  observedGeneration?: number
  lastTransitionTime: string
}

interface HttpRouteRule {
  matches?: {
    path?: { type?: string; value?: string }
    headers?: { type?: string; name: string; value: string }[]
    queryParams?: object[]
    method?: string
  }[]
  filters?: HttpRouteFilter[]
  backendRefs?: BackendRef[]
}

interface BackendRef {
  group?: string
  kind?: string
  namespace?: string
  name: string
  port?: number
  weight?: number
  filters?: HttpRouteFilter[]
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

/** gateway.networking.k8s.io ReferenceGrant: who may refer to objects of its namespace. */
export interface ReferenceGrant extends KubeObject {
  spec?: {
    from?: { group: string; kind: string; namespace: string }[]
    to?: { group: string; kind: string; name?: string }[]
  }
}

const gatewayGroup = 'gateway.networking.k8s.io'
const servedFilters: readonly string[] = ['URLRewrite', 'RequestHeaderModifier']

/** The routes that an HTTPRoute describes. What it asks for and does not get is refused, never left out in silence. */
export function httpRouteRoutes(object: HttpRoute, grants: readonly ReferenceGrant[]): Route[] {
  return (object.spec?.rules ?? []).flatMap((rule) => {
    const unserved = unservedPart(rule)
    const backends: Backend[] =
      unserved === undefined
        ? (rule.backendRefs ?? []).map((reference) => backendOf(reference, object, grants))
        : [{ namespace: '', service: '', port: undefined, weight: 1, refusal: unservedRefusal(unserved) }]
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

/** The first part that this gateway cannot do: `filter RequestRedirect`. */
function unservedPart({ matches = [], filters = [], backendRefs = [] }: HttpRouteRule): string | undefined {
  const filter = filters.find(({ type }) => !servedFilters.includes(type ?? ''))
  if (filter) return `filter ${filter.type}`
  if (backendRefs.some((reference) => reference.filters?.length)) return 'filters of a single backend'
  return matches.some(({ queryParams }) => queryParams?.length) ? 'matching of query parameters' : undefined
}

function unservedRefusal(part: string): NonNullable<Backend['refusal']> {
  return { reason: 'UnsupportedValue', message: `the gateway of this machine has no ${part}.` }
}

function backendOf(reference: BackendRef, object: HttpRoute, grants: readonly ReferenceGrant[]): Backend {
  const { name, port, weight = 1 } = reference
  const namespace = reference.namespace ?? object.metadata.namespace ?? 'default'
  const refusal = refusalOf(reference, namespace, object, grants)
  return { namespace, service: name, port, weight, ...(refusal && { refusal }) }
}

function refusalOf(
  { group = '', kind = 'Service', name }: BackendRef,
  namespace: string,
  object: HttpRoute,
  grants: readonly ReferenceGrant[],
): Backend['refusal'] {
  if (group !== '' || kind !== 'Service') {
    return { reason: 'InvalidKind', message: `backend ${kind} ${name} is no Service, and only Services are routed to.` }
  }
  const from = object.metadata.namespace ?? 'default'
  if (namespace === from || grants.some((grant) => permits(grant, from, namespace, name))) return undefined
  const message = `no ReferenceGrant of namespace ${namespace} lets HTTPRoutes of ${from} refer to its Service ${name}.`
  return { reason: 'RefNotPermitted', message }
}

function permits({ metadata, spec }: ReferenceGrant, from: string, namespace: string, service: string): boolean {
  if ((metadata.namespace ?? 'default') !== namespace) return false
  const isFrom = spec?.from?.some(
    (source) => source.group === gatewayGroup && source.kind === 'HTTPRoute' && source.namespace === from,
  )
  const isTo = spec?.to?.some(
    (target) =>
      target.group === '' && target.kind === 'Service' && (target.name === undefined || target.name === service),
  )
  return isFrom === true && isTo === true
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
