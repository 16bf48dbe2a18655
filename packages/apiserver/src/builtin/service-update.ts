import type { KubeObject } from '@millrace/kube'
import { deepEqual } from '../schema/deep-equal.ts'
import { isObject, type Json, objects } from './defaults-type.ts'

/**
 * A Service's new object with what was allocated for the old one, where the writer left it out, and without what its
 * new type has no use for, where the writer did not touch it.
 */
export function keepAllocations(service: KubeObject, old: KubeObject): KubeObject {
  if (!isObject(service.spec) || !isObject(old.spec)) return service
  const before = old.spec
  const spec = withoutUnused(normalized(withAllocated({ ...service.spec }, before), before), before)
  const isBalanced = spec.type === 'LoadBalancer' || !isObject(service.status)
  return isBalanced
    ? { ...service, spec }
    : { ...service, spec, status: { ...(service.status as Json), loadBalancer: {} } }
}

const hasClusterIp = (spec: Json): boolean => spec.type !== 'ExternalName'
const hasNodePorts = (spec: Json): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
const hasHealthPort = (spec: Json): boolean => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
const isExternal = (spec: Json): boolean =>
  spec.type === 'NodePort' ||
  spec.type === 'LoadBalancer' ||
  (Array.isArray(spec.externalIPs) && spec.externalIPs.length > 0)
const isEmpty = (value: unknown): boolean => !value || (Array.isArray(value) && value.length === 0)

function withAllocated(spec: Json, before: Json): Json {
  const keep = (name: string): void => {
    if (isEmpty(spec[name]) && !isEmpty(before[name])) spec[name] = before[name]
  }
  if (hasClusterIp(spec) && hasClusterIp(before)) for (const name of ['clusterIP', 'clusterIPs']) keep(name)
  if (hasHealthPort(spec) && hasHealthPort(before)) keep('healthCheckNodePort')
  if (!hasNodePorts(spec) || !hasNodePorts(before)) return spec
  const given = new Set(objects(spec.ports).map((port) => port.nodePort))
  const former = new Map(objects(before.ports).map((port) => [port.name, port.nodePort]))
  spec.ports = objects(spec.ports).map((port) => {
    const nodePort = former.get(port.name)
    return port.nodePort || !nodePort || given.has(nodePort) ? port : { ...port, nodePort }
  })
  return spec
}

/** A writer that only knows clusterIP means clusterIPs, too. */
function normalized(spec: Json, before: Json): Json {
  if (deepEqual(spec.clusterIP, before.clusterIP) || !deepEqual(spec.clusterIPs, before.clusterIPs)) return spec
  if (spec.clusterIP) return { ...spec, clusterIPs: [spec.clusterIP] }
  const { clusterIPs: _cleared, ...rest } = spec
  return rest
}

function withoutUnused(spec: Json, before: Json): Json {
  const drop = (isUsed: (spec: Json) => boolean, ...names: readonly string[]): void => {
    if (!isUsed(before) || isUsed(spec)) return
    for (const name of names) if (deepEqual(spec[name], before[name])) delete spec[name]
  }
  const isBalancer = ({ type }: Json): boolean => type === 'LoadBalancer'
  if (deepEqual(spec.clusterIP, before.clusterIP) && deepEqual(spec.clusterIPs, before.clusterIPs)) {
    drop(hasClusterIp, 'clusterIP', 'clusterIPs')
  }
  drop(hasClusterIp, 'ipFamilies', 'ipFamilyPolicy')
  if (hasNodePorts(before) && !hasNodePorts(spec) && deepEqual(nodePorts(spec), nodePorts(before))) {
    spec.ports = objects(spec.ports).map(({ nodePort: _dropped, ...port }) => port)
  }
  drop(hasHealthPort, 'healthCheckNodePort')
  drop(isBalancer, 'allocateLoadBalancerNodePorts', 'loadBalancerClass')
  drop(isExternal, 'externalTrafficPolicy')
  return spec
}

function nodePorts(spec: Json): readonly unknown[] {
  return objects(spec.ports).flatMap((port) => (port.nodePort ? [port.nodePort] : []))
}
