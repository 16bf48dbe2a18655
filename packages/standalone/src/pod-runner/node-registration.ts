import { arch, cpus, hostname, platform, release, totalmem } from 'node:os'
import { type Client, isKubeError, type KubeObject, resources } from '@millrace/kube'
import { mergeConditions } from './pod-status.ts'
import type { PodCondition } from './pod.ts'
import { formatTime } from './time-format.ts'

export interface NodeDescription {
  readonly name: string
  readonly hostIP: string
  readonly kubeletPort: number
  readonly podsMax: number
  readonly bootId: string | undefined
}

const leaseNamespace = 'kube-node-lease'

/** What the node has to give, in cores, bytes and pods. */
export function nodeAllocatable(podsMax: number): Record<string, number> {
  return { cpu: cpus().length, memory: totalmem(), pods: podsMax }
}

/**
 * Creates the Node, or brings an existing one up to date, and says that it is ready. Returns it. On a real control plane others
 * write to a Node too (taints, addresses), the more so when it is new: our parts are patched in, as a kubelet does it.
 */
export async function registerNode(
  client: Client,
  node: NodeDescription,
  now: number,
  signal: AbortSignal,
): Promise<KubeObject> {
  const labels = nodeLabels(node)
  const existing = await getNode(client, node.name, signal)
  const stored = existing
    ? await client.patch(resources.nodes, { name: node.name }, 'merge', { metadata: { labels } }, { signal })
    : await client.create(
        resources.nodes,
        { apiVersion: 'v1', kind: 'Node', metadata: { name: node.name, labels }, spec: {} },
        { signal },
      )
  return writeNodeStatus(client, node, stored, { isReady: true, now, signal })
}

/** Says once more that the node is ready, or, at the end, that it is not. */
export async function reportNode(
  client: Client,
  node: NodeDescription,
  report: { readonly isReady: boolean; readonly now: number; readonly signal: AbortSignal },
): Promise<void> {
  const existing = await getNode(client, node.name, report.signal)
  if (existing) await writeNodeStatus(client, node, existing, report)
  else if (report.isReady) await registerNode(client, node, report.now, report.signal)
}

/** Renews the node's lease: the sign of life that a node life-cycle controller looks at. */
export async function renewLease(client: Client, nodeName: string, now: number, signal: AbortSignal): Promise<void> {
  const name = { namespace: leaseNamespace, name: nodeName }
  const renewTime = new Date(now).toISOString().replace('Z', '000Z')
  const spec = { holderIdentity: nodeName, leaseDurationSeconds: 40, renewTime }
  try {
    await client.patch(resources.leases, name, 'merge', { spec }, { signal })
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error
    await createNamespace(client, signal)
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...name }, spec }
    await client.create(resources.leases, lease, { signal })
  }
}

async function createNamespace(client: Client, signal: AbortSignal): Promise<void> {
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: leaseNamespace } }
  await client.create(resources.namespaces, object, { signal }).catch((error: unknown) => {
    if (!isKubeError(error, 'AlreadyExists')) throw error
  })
}

async function getNode(client: Client, name: string, signal: AbortSignal): Promise<KubeObject | undefined> {
  try {
    return await client.get(resources.nodes, { name }, { signal })
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined
    throw error
  }
}

function nodeLabels(node: NodeDescription): Record<string, string> {
  return {
    'kubernetes.io/hostname': node.name,
    'kubernetes.io/os': platform(),
    'kubernetes.io/arch': goArch(),
    'node.kubernetes.io/instance-type': 'millrace-local',
  }
}

async function writeNodeStatus(
  client: Client,
  node: NodeDescription,
  object: KubeObject,
  report: { readonly isReady: boolean; readonly now: number; readonly signal: AbortSignal },
): Promise<KubeObject> {
  const previous = (object.status ?? {}) as { conditions?: PodCondition[] }
  const resourceList = Object.fromEntries(Object.entries(nodeAllocatable(node.podsMax)).map(([k, v]) => [k, String(v)]))
  const now = formatTime(report.now)
  const status = {
    capacity: resourceList,
    allocatable: resourceList,
    addresses: [
      { type: 'InternalIP', address: node.hostIP },
      { type: 'Hostname', address: hostname() },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: node.kubeletPort } },
    nodeInfo: nodeInfo(node),
    conditions: nodeConditions(previous.conditions ?? [], report.isReady, now),
  }
  const options = { subresource: 'status', signal: report.signal }
  return client.patch(resources.nodes, { name: node.name }, 'strategic', { status }, options)
}

function nodeConditions(previous: PodCondition[], isReady: boolean, now: string): object[] {
  const calm = (type: string) => ({ type, status: 'False' as const, reason: `No${type}`, message: 'not watched here' })
  const ready = isReady
    ? { type: 'Ready', status: 'True' as const, reason: 'PodRunnerReady', message: 'the pod runner is running' }
    : { type: 'Ready', status: 'False' as const, reason: 'PodRunnerStopped', message: 'the pod runner was stopped' }
  const claims = [calm('MemoryPressure'), calm('DiskPressure'), calm('PIDPressure'), ready]
  return mergeConditions(previous, claims, now).map(({ lastProbeTime: _unused, ...condition }) => ({
    ...condition,
    lastHeartbeatTime: now,
  }))
}

function nodeInfo(node: NodeDescription): Record<string, string> {
  return {
    architecture: goArch(),
    operatingSystem: platform(),
    kernelVersion: release(),
    osImage: `${platform()} ${release()}`,
    bootID: node.bootId ?? '',
    machineID: '',
    systemUUID: '',
    containerRuntimeVersion: `process://${process.versions.node}`,
    kubeletVersion: 'v1.34.2+millrace',
    kubeProxyVersion: '',
  }
}

/** Kubernetes names architectures as Go does. */
function goArch(): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }
  return names[arch()] ?? arch()
}
