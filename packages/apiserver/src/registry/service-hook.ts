import { randomInt } from 'node:crypto'
import type { KubeObject } from '@millrace/kube'
import { type ApiError, invalid } from '../http/api-error.ts'
import { invalid as invalidField } from '../schema/field-error.ts'
import type { Store } from '../store/store.ts'
import type { KindHook } from './kind-hooks.ts'
import { createNodePortTable, type NodePortSpec } from './node-ports.ts'

interface ServiceSpec extends NodePortSpec {
  readonly clusterIP?: string
  readonly clusterIPs?: readonly string[]
  readonly selector?: Readonly<Record<string, string>>
  readonly ipFamilies?: readonly string[]
  readonly ipFamilyPolicy?: string
  readonly internalTrafficPolicy?: string
}

interface Service extends KubeObject {
  readonly spec: ServiceSpec
}

const bucket = 'services'
/** 10.96.0.0/16; the first address is the API server's own by custom, the lowest 256 are left for wishes. */
const networkPrefix = '10.96.'
const addresses = 65_534
const dynamicStart = 257
const reservationMsMax = 60_000

/** Gives Services their cluster IP, kept apart by what is stored and what is about to be. */
export function createServiceHook(store: Store): KindHook {
  const used = new Map<string, string>()
  const nodePorts = createNodePortTable()
  const reserved = new Map<string, number>()
  for (const { key, value } of store.list(bucket).entries) note(key, value)
  store.watch(bucket, store.revision, ({ type, entry, previous }) => {
    const ip = clusterIpOf(entry.value)
    if (type === 'DELETED' && ip && used.get(ip) === entry.key) used.delete(ip)
    if (previous) nodePorts.release(specOf(previous.value))
    if (type !== 'DELETED') note(entry.key, entry.value)
  })

  function note(key: string, value: string): void {
    nodePorts.note(specOf(value))
    const ip = clusterIpOf(value)
    if (!ip) return
    used.set(ip, key)
    reserved.delete(ip)
  }

  function isFree(ip: string): boolean {
    return !used.has(ip) && (reserved.get(ip) ?? 0) < Date.now()
  }

  function reserve(ip: string): string {
    reserved.set(ip, Date.now() + reservationMsMax)
    return ip
  }

  function allocate(service: Service): string {
    const start = randomInt(dynamicStart, addresses)
    for (let step = 0; step < addresses; step++) {
      const number = ((start + step) % addresses) + 1
      const ip = `${networkPrefix}${number >> 8}.${number & 255}`
      if (number > 1 && isFree(ip)) return reserve(ip)
    }
    throw refusal(service, 'failed to allocate a serviceIP: range is full')
  }

  function claim(service: Service, ip: string): string {
    if (!isInNetwork(ip)) {
      throw refusal(service, `failed to allocate IP ${ip}: the provided network does not match the current range`)
    }
    if (!isFree(ip)) throw refusal(service, `failed to allocate IP ${ip}: provided IP is already allocated`)
    return reserve(ip)
  }

  function complete(service: Service, old: Service | undefined): Service {
    const spec = nodePorts.complete(service.spec, old?.spec)
    if ('detail' in spec) throw invalid('Service', '', service.metadata.name ?? '', [spec])
    if (spec.type === 'ExternalName') return { ...service, spec: withoutAddresses(spec) }
    const wanted = spec.clusterIP || spec.clusterIPs?.[0]
    const ip = wanted === 'None' || (wanted && wanted === old?.spec.clusterIP) ? wanted : undefined
    const clusterIP = ip ?? (wanted ? claim(service, wanted) : allocate(service))
    // Without a selector nobody knows of which family the endpoints will be.
    const isOpen = clusterIP === 'None' && !spec.selector && !spec.ipFamilyPolicy
    const family = {
      ipFamilies: spec.ipFamilies ?? (isOpen ? ['IPv4', 'IPv6'] : ['IPv4']),
      ipFamilyPolicy: spec.ipFamilyPolicy ?? (isOpen ? 'RequireDualStack' : 'SingleStack'),
    }
    return { ...service, spec: { ...spec, ...family, clusterIP, clusterIPs: [clusterIP] } }
  }

  return {
    beforeCreate: (object) => complete(object as Service, undefined),
    beforeUpdate: (object, old, subresource) => {
      if (subresource) return object
      const before = old as Service
      return complete(keepAddresses(object as Service, before), before)
    },
  }
}

/** An update that leaves the address out keeps it, unless the Service changes into one without. */
function keepAddresses(service: Service, old: Service): Service {
  const { spec } = service
  if (spec.type === 'ExternalName' || old.spec.type === 'ExternalName' || !old.spec.clusterIP) return service
  if (!spec.clusterIP && !spec.clusterIPs?.length) {
    return {
      ...service,
      spec: { ...spec, clusterIP: old.spec.clusterIP, clusterIPs: old.spec.clusterIPs ?? [old.spec.clusterIP] },
    }
  }
  const wanted = spec.clusterIP || spec.clusterIPs?.[0]
  if (wanted === old.spec.clusterIP) return service
  const error = invalidField('spec.clusterIPs[0]', [wanted], 'may not change once set')
  throw invalid('Service', '', service.metadata.name ?? '', [error])
}

function withoutAddresses({
  clusterIP: _1,
  clusterIPs: _2,
  ipFamilies: _3,
  ipFamilyPolicy: _4,
  internalTrafficPolicy: _5,
  ...rest
}: ServiceSpec): ServiceSpec {
  return rest
}

function refusal({ metadata, spec }: Service, why: string): ApiError {
  const value = spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])
  return invalid('Service', '', metadata.name ?? '', [invalidField('spec.clusterIPs', value, why)])
}

function specOf(value: string): NodePortSpec {
  return (JSON.parse(value) as Service).spec ?? {}
}

function clusterIpOf(value: string): string | undefined {
  const { spec } = JSON.parse(value) as Service
  return spec?.clusterIP && spec.clusterIP !== 'None' ? spec.clusterIP : undefined
}

function isInNetwork(ip: string): boolean {
  return /^10\.96\.(\d{1,3})\.(\d{1,3})$/.test(ip) && ip !== '10.96.0.0' && ip !== '10.96.255.255'
}
