import { type Client, type Informer, type Log, type Resource, resources, startInformer } from '@millrace/kube'
import type { EndpointPools } from './endpoint-pools.ts'
import { followCustomKind } from './follow-custom-kind.ts'
import type { HttpRoute, ReferenceGrant } from './http-route.ts'
import { keepRouteStatus } from './keep-route-status.ts'
import type { RoutingState } from './resolve-request.ts'
import { type Ingress, planRouteTable, type RouteTable } from './route-table.ts'
import {
  authority,
  type EndpointSlice,
  type EndpointsResult,
  type Service,
  serviceEndpoints,
  serviceNameLabel,
} from './service-endpoints.ts'

/** Routing as the API has it now: every change counts from the next request on. */
export interface GatewayRouting {
  readonly synced: Promise<void>
  readonly isSynced: boolean
  state(ownPort: number): RoutingState
  close(): Promise<void>
}

const byService = 'service'

const gatewayKind = (version: string, plural: string, kind: string): Resource => ({
  group: 'gateway.networking.k8s.io',
  version,
  plural,
  kind,
  namespaced: true,
})
const httpRoutes = gatewayKind('v1', 'httproutes', 'HTTPRoute')
const referenceGrants = gatewayKind('v1beta1', 'referencegrants', 'ReferenceGrant')

export interface GatewayRoutingOptions {
  readonly log: Log
  readonly pools: EndpointPools
  /** No other gateway answers for HTTPRoutes: what becomes of them is told in their status. */
  readonly isOnlyGateway: boolean
}

export function startGatewayRouting(client: Client, options: GatewayRoutingOptions): GatewayRouting {
  const { log, pools } = options
  const ingresses = startInformer<Ingress>(client, resources.ingresses, { log })
  const services = startInformer<Service>(client, resources.services, { log })
  const slices = startInformer<EndpointSlice>(client, resources.endpointSlices, {
    log,
    indexers: { [byService]: serviceOf },
  })
  const informers: readonly Informer[] = [ingresses, services, slices] as unknown as readonly Informer[]
  const routes = followCustomKind<HttpRoute>(client, httpRoutes, { log, onChange: () => routesChanged() })
  const grants = followCustomKind<ReferenceGrant>(client, referenceGrants, { log, onChange: () => routesChanged() })
  const found = new Map<string, EndpointsResult>()
  let table: RouteTable | undefined
  let mustClean = false

  const lookup = {
    service: (namespace: string, name: string) => services.get({ namespace, name }),
    slices: (namespace: string, name: string) => slices.by(byService, `${namespace}/${name}`),
  }

  /** Connections to addresses that no slice names any more are let go, once per burst of changes. */
  function cleanSoon(): void {
    if (mustClean) return
    mustClean = true
    setImmediate(() => {
      mustClean = false
      pools.keepOnly(addressesOf(slices.list()))
    })
  }

  const status = keepRouteStatus(client, {
    resource: httpRoutes,
    routes: () => (options.isOnlyGateway ? routes.list() : []),
    facts: () => ({ grants: grants.list(), hasService }),
    log,
  })
  const hasService = (namespace: string, name: string): boolean => services.get({ namespace, name }) !== undefined

  function routesChanged(): void {
    table = undefined
    status.request()
  }

  ingresses.onChange(() => {
    table = undefined
  })
  services.onChange(() => {
    found.clear()
    status.request()
  })
  slices.onChange(() => {
    found.clear()
    cleanSoon()
  })

  return {
    synced: Promise.all([...informers.map(({ synced }) => synced), routes.synced, grants.synced]).then(() => {}),
    get isSynced() {
      return informers.every(({ isSynced }) => isSynced)
    },
    state: (ownPort) => ({
      get table() {
        table ??= planRouteTable(ingresses.list(), routes.list(), grants.list())
        return table
      },
      hasService,
      endpoints(namespace, name, port) {
        const key = `${namespace}/${name}:${port}`
        const known = found.get(key)
        if (known) return known
        const result = serviceEndpoints(namespace, name, port, lookup)
        // Only what exists is remembered: names that callers invent must not fill the memory.
        if (result.ok) found.set(key, result)
        return result
      },
      ownPort,
      random: Math.random,
    }),
    async close() {
      await status.close()
      await Promise.all([...informers, routes, grants].map((followed) => followed.stop()))
    },
  }
}

function serviceOf({ metadata }: EndpointSlice): string[] {
  const name = metadata.labels?.[serviceNameLabel]
  return name === undefined ? [] : [`${metadata.namespace ?? 'default'}/${name}`]
}

function addressesOf(slices: readonly EndpointSlice[]): Set<string> {
  const addresses = new Set<string>()
  for (const { endpoints, ports } of slices) {
    for (const port of ports ?? []) {
      for (const endpoint of endpoints ?? [])
        for (const host of endpoint.addresses ?? []) addresses.add(authority(host, port.port))
    }
  }
  return addresses
}
