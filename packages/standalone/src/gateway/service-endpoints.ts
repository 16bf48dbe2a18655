import type { KubeObject } from '@millrace/kube'
import { localAddress } from '../published-address.ts'

/** core/v1 Service, as far as routing reads it. */
export interface Service extends KubeObject {
  spec?: {
    type?: string
    externalName?: string
    ports?: { name?: string; port: number; targetPort?: number | string; protocol?: string }[]
  }
}

/** discovery.k8s.io/v1 EndpointSlice, as far as routing reads it. */
export interface EndpointSlice extends KubeObject {
  /** Go writes an empty list as null here, and so on. */
  endpoints?:
    | {
        addresses?: string[]
        conditions?: { ready?: boolean | null; serving?: boolean | null; terminating?: boolean | null } | null
      }[]
    | null
  ports?: { name?: string | null; port?: number | null; protocol?: string | null }[] | null
}

export const serviceNameLabel = 'kubernetes.io/service-name'

export interface ServiceLookup {
  readonly service: (namespace: string, name: string) => Service | undefined
  readonly slices: (namespace: string, name: string) => readonly EndpointSlice[]
}

/** `host:port` of every endpoint that may be asked, or why there is none. */
export type EndpointsResult =
  | { readonly ok: true; readonly endpoints: readonly string[] }
  | {
      readonly ok: false
      readonly reason: 'NoService' | 'NoPort' | 'NoReadyEndpoints' | 'ExternalName'
      readonly message: string
    }

const externalNamesMax = 5

/**
 * The endpoints of a Service's port: the ready ones, else those that still serve while they terminate. An ExternalName
 * is followed to another cluster name, never out of the cluster.
 */
export function serviceEndpoints(
  namespace: string,
  name: string,
  port: number | string | undefined,
  lookup: ServiceLookup,
  depth = 0,
): EndpointsResult {
  const service = lookup.service(namespace, name)
  const where = `Service ${namespace}/${name}`
  if (!service) return { ok: false, reason: 'NoService', message: `${where} does not exist.` }
  if (service.spec?.type === 'ExternalName') return followExternalName(service, port, lookup, depth)
  const chosen = choosePort(service, port)
  if (!chosen) {
    const known = (service.spec?.ports ?? []).map((item) =>
      item.name ? `${item.port} (${item.name})` : `${item.port}`,
    )
    return {
      ok: false,
      reason: 'NoPort',
      message: `${where} has no port ${port}; it has ${known.join(', ') || 'none'}.`,
    }
  }
  const all = endpointsOfPort(lookup.slices(namespace, name), chosen.name ?? '')
  const ready = all.filter(({ isReady }) => isReady)
  const usable = ready.length > 0 ? ready : all.filter(({ isServing }) => isServing)
  if (usable.length > 0) return { ok: true, endpoints: usable.map(({ address }) => address) }
  return { ok: false, reason: 'NoReadyEndpoints', message: noEndpointsMessage(where, namespace, all.length) }
}

function noEndpointsMessage(where: string, namespace: string, known: number): string {
  const state =
    known === 0 ? 'no pods behind it' : `${known} ${known === 1 ? 'pod' : 'pods'} behind it, none of them ready`
  return `${where} has ${state}; see "millrace get pods -n ${namespace}" for why.`
}

function followExternalName(
  { spec, metadata }: Service,
  port: number | string | undefined,
  lookup: ServiceLookup,
  depth: number,
): EndpointsResult {
  const named = parseClusterName(spec?.externalName ?? '')
  const isInside = named && (named.isCertain || lookup.service(named.namespace, named.service) !== undefined)
  const target = isInside ? named : undefined
  const where = `Service ${metadata.namespace ?? 'default'}/${metadata.name}`
  if (!target || depth >= externalNamesMax) {
    const problem = target
      ? 'leads through too many other external names'
      : `points to "${spec?.externalName}", which is outside of the cluster`
    return {
      ok: false,
      reason: 'ExternalName',
      message: `${where} ${problem}; this gateway only reaches services of the cluster.`,
    }
  }
  const number = spec?.ports?.find((item) => item.name === port)?.port ?? port
  return serviceEndpoints(target.namespace, target.service, number, lookup, depth + 1)
}

/** Without a port, as a browser would ask: 80, else the only or first one. */
function choosePort(service: Service, port: number | string | undefined) {
  const ports = (service.spec?.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP')
  if (port === undefined) return ports.find((item) => item.port === 80) ?? ports[0]
  return ports.find((item) => item.port === port || item.name === port)
}

function endpointsOfPort(
  slices: readonly EndpointSlice[],
  portName: string,
): { address: string; isReady: boolean; isServing: boolean }[] {
  return slices.flatMap(({ ports, endpoints }) => {
    const number = ports?.find(({ name }) => (name ?? '') === portName)?.port
    if (number === undefined || number === null) return []
    return (endpoints ?? []).flatMap(({ addresses = [], conditions }) =>
      addresses.slice(0, 1).map((address) => ({
        address: authority(address, number),
        // Unknown counts as ready, as the API says.
        isReady: conditions?.ready ?? true,
        isServing: conditions?.serving ?? conditions?.ready ?? true,
      })),
    )
  })
}

/** Where an endpoint is called. */
export function authority(address: string, port: number | null | undefined): string {
  return address.includes(':') ? `[${address}]:${port}` : `${localAddress(address)}:${port}`
}

const clusterDomain = 'cluster.local'

/**
 * `<service>.<namespace>`, `….svc` or `….svc.cluster.local`, lower case. The shortest form looks like a host on the
 * internet too, so `isCertain` is false for it: it counts only when there is such a Service.
 */
export function parseClusterName(
  host: string,
): { readonly service: string; readonly namespace: string; readonly isCertain: boolean } | undefined {
  const labels = host.replace(/\.$/, '').split('.')
  const [service, namespace, ...rest] = labels
  if (!service || !namespace) return undefined
  const suffix = rest.join('.')
  if (suffix !== '' && suffix !== 'svc' && suffix !== `svc.${clusterDomain}`) return undefined
  return { service, namespace, isCertain: suffix !== '' }
}
