import type { KubeObject } from '@millrace/kube'
import { isReady, type Pod } from './apps.ts'

export interface ServicePort {
  readonly name?: string
  readonly port: number
  readonly protocol?: string
  readonly targetPort?: number | string
  readonly appProtocol?: string
}

export interface Service extends KubeObject {
  spec: {
    readonly selector?: Readonly<Record<string, string>>
    readonly ports?: readonly ServicePort[]
    readonly type?: string
    readonly clusterIP?: string
    readonly publishNotReadyAddresses?: boolean
  }
}

export const serviceNameLabel = 'kubernetes.io/service-name'
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
export const managedBy = 'endpointslice-controller.millrace'

/** Endpoints in one slice at most; Kubernetes' own bound is 1000 with a default of 100. */
const endpointsMax = 100

interface SlicePort {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly appProtocol?: string
}

/**
 * The EndpointSlices that a Service with a selector should have, in a stable order with stable names. Pods whose named
 * target port resolves differently stand in slices of their own, as in Kubernetes.
 */
export function endpointSlices(service: Service, pods: readonly Pod[]): readonly KubeObject[] {
  if (!service.spec.selector || service.spec.type === 'ExternalName') return []
  const groups = new Map<string, { readonly ports: readonly SlicePort[]; readonly pods: Pod[] }>()
  for (const pod of pods) {
    if (!pod.status?.podIP || pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') continue
    const ports = portsOf(service, pod)
    const key = JSON.stringify(ports)
    const group = groups.get(key) ?? { ports, pods: [] }
    group.pods.push(pod)
    groups.set(key, group)
  }
  if (groups.size === 0) groups.set('', { ports: [], pods: [] })
  const slices: KubeObject[] = []
  for (const key of [...groups.keys()].sort()) {
    const group = groups.get(key)
    if (!group) continue
    const sorted = group.pods.sort((left, right) => (left.metadata.name ?? '').localeCompare(right.metadata.name ?? ''))
    for (let start = 0; start === 0 || start < sorted.length; start += endpointsMax) {
      slices.push(sliceOf(service, slices.length, group.ports, sorted.slice(start, start + endpointsMax)))
    }
  }
  return slices
}

function sliceOf(service: Service, index: number, ports: readonly SlicePort[], pods: readonly Pod[]): KubeObject {
  const { name = '', namespace, uid = '', labels } = service.metadata
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name.slice(0, 240)}-${index}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: managedBy },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    addressType: 'IPv4',
    endpoints: pods.map((pod) => endpointOf(service, pod)),
    ports,
  }
}

function endpointOf(service: Service, pod: Pod): Readonly<Record<string, unknown>> {
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const serving = isReady(pod)
  return {
    addresses: [pod.status?.podIP],
    conditions: {
      ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
  }
}

function portsOf(service: Service, pod: Pod): readonly SlicePort[] {
  const found: SlicePort[] = []
  for (const port of service.spec.ports ?? []) {
    const number = targetPort(port, pod)
    if (number === undefined) continue
    found.push({
      name: port.name ?? '',
      port: number,
      protocol: port.protocol ?? 'TCP',
      ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
    })
  }
  return found
}

function targetPort(port: ServicePort, pod: Pod): number | undefined {
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return target
  for (const container of pod.spec.containers) {
    for (const candidate of container.ports ?? []) {
      if (candidate.name === target && (candidate.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))
        return candidate.containerPort
    }
  }
  return undefined
}
