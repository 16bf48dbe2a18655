import { isDeepStrictEqual } from 'node:util'
import {
  type HttpRoute,
  httpRouteRoutes,
  type ReferenceGrant,
  type RouteCondition,
  type RouteParentStatus,
} from './http-route.ts'
import type { Backend } from './route.ts'

/** The name by which this gateway signs what it says about routes. */
export const gatewayControllerName = 'millrace.dev/one-machine-gateway'

export interface RouteFacts {
  readonly grants: readonly ReferenceGrant[]
  readonly hasService: (namespace: string, name: string) => boolean
  /** RFC 3339, to the second. */
  readonly now: string
}

/**
 * What the only gateway of a machine says about a route, to each Gateway that the route names: that it is accepted, and
 * whether its backends can be had. Undefined where the route says so already. What others have said stays.
 */
export function routeParents(route: HttpRoute, facts: RouteFacts): readonly RouteParentStatus[] | undefined {
  const before = route.status?.parents ?? []
  const others = before.filter(({ controllerName }) => controllerName !== gatewayControllerName)
  const mine = before.filter(({ controllerName }) => controllerName === gatewayControllerName)
  const refusal = firstRefusal(route, facts)
  const parentRefs = (route.spec?.parentRefs ?? []).filter(({ kind = 'Gateway' }) => kind === 'Gateway')
  const wanted = parentRefs.map((parentRef): RouteParentStatus => {
    const previous = mine.find((parent) => isDeepStrictEqual(parent.parentRef, parentRef))
    const conditions = conditionsOf(refusal, route.metadata.generation ?? 0).map((condition) =>
      withTime(condition, previous?.conditions ?? [], facts.now),
    )
    return { parentRef, controllerName: gatewayControllerName, conditions }
  })
  return isDeepStrictEqual(wanted, mine) ? undefined : [...others, ...wanted]
}

type Untimed = Omit<RouteCondition, 'lastTransitionTime'>

function conditionsOf(refusal: Backend['refusal'], observedGeneration: number): readonly Untimed[] {
  const isUnserved = refusal?.reason === 'UnsupportedValue'
  const good = (type: string, reason: string): Untimed => ({
    type,
    status: 'True',
    reason,
    message: '',
    observedGeneration,
  })
  const bad = (type: string): Untimed => ({
    type,
    status: 'False',
    reason: refusal?.reason ?? '',
    message: refusal?.message ?? '',
    observedGeneration,
  })
  return [
    isUnserved ? bad('Accepted') : good('Accepted', 'Accepted'),
    refusal && !isUnserved ? bad('ResolvedRefs') : good('ResolvedRefs', 'ResolvedRefs'),
  ]
}

function firstRefusal(route: HttpRoute, { grants, hasService }: RouteFacts): Backend['refusal'] {
  const backends = httpRouteRoutes(route, grants).flatMap((one) => one.backends)
  const refused = backends.find(({ refusal }) => refusal)?.refusal
  if (refused) return refused
  const missing = backends.find(({ namespace, service }) => !hasService(namespace, service))
  if (!missing) return undefined
  const message = `there is no Service ${missing.service} in namespace ${missing.namespace}.`
  return { reason: 'BackendNotFound', message }
}

function withTime(condition: Untimed, before: readonly RouteCondition[], now: string): RouteCondition {
  const same = before.find(({ type, status }) => type === condition.type && status === condition.status)
  return { ...condition, lastTransitionTime: same?.lastTransitionTime ?? now }
}
