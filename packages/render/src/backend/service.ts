import type { Container, ContainerPort, PodSpec } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { agentPort, containerNames, httpPort, internalKeys, labelKeys, servicePort } from '../keys.ts'
import { appLabel, headServiceName, workerAppLabel, workersServiceName } from '../names.ts'
import type { Owner, Workload } from '../plan.ts'
import { child } from './child.ts'
import { deploymentLabels } from './deployment.ts'

export interface ServicePort {
  readonly name?: string
  readonly port: number
  readonly targetPort: number
  readonly protocol?: string
  readonly appProtocol?: string
}

/** The Service of a workload: port 80 to the first port of the container that takes requests, further ports as they are. */
export function workloadService(owner: Owner, workload: Workload, isHeadless: boolean): KubeObject {
  const meta = { name: workload.name, labels: deploymentLabels(workload), annotations: workload.annotations }
  return child(owner, 'v1', 'Service', meta, {
    spec: {
      selector: { [labelKeys.app]: appLabel(workload.name) },
      ports: servicePorts(workload),
      ...(isHeadless ? { clusterIP: 'None' } : {}),
    },
  })
}

/** Headless Services by which head and workers of one generation find each other before they are ready. */
export function nodeServices(owner: Owner, workload: Workload): KubeObject[] {
  if (!workload.worker) return []
  const generation = String(owner.generation)
  const row = (name: string, app: string, role: string) =>
    child(
      owner,
      'v1',
      'Service',
      {
        name,
        labels: { ...deploymentLabels(workload), [labelKeys.multiNodeRole]: role },
        annotations: workload.annotations,
      },
      {
        spec: {
          clusterIP: 'None',
          publishNotReadyAddresses: true,
          selector: { [labelKeys.app]: app, [labelKeys.generation]: generation },
        },
      },
    )
  return [
    row(headServiceName(workload.name, owner.generation), appLabel(workload.name), 'head'),
    row(workersServiceName(workload.name, owner.generation), workerAppLabel(workload.name), 'worker'),
  ]
}

/** Those by which a pod gets an agent before its server. */
const agentAnnotations: readonly string[] = [internalKeys.batcher, internalKeys.logger]

export function servicePorts(workload: Workload): readonly ServicePort[] {
  const container = frontContainer(workload.pod)
  const [first, ...others] = container?.ports ?? []
  const hasAgent = agentAnnotations.some((key) => workload.annotations[key] === 'true')
  const target = hasAgent ? agentPort : (first?.containerPort ?? httpPort)
  if (!first) return [{ name: workload.name, port: servicePort, targetPort: target, protocol: 'TCP' }]
  const name = others.length > 0 ? distinctly : named
  return [
    { ...name(first), port: servicePort, targetPort: target },
    ...others.map((port) => ({ ...name(port), port: port.containerPort, targetPort: port.containerPort })),
  ]
}

function frontContainer(pod: PodSpec): Container | undefined {
  const transformer = pod.containers.find((container) => container.name === containerNames.transformer)
  const server = pod.containers.find((container) => container.name === containerNames.server)
  return transformer ?? server ?? pod.containers[0]
}

/** Of several ports each must have a name. */
function distinctly(port: ContainerPort) {
  return { name: `port-${port.containerPort}`, ...named(port) }
}

function named(port: ContainerPort) {
  return {
    ...(port.name ? { name: port.name } : {}),
    protocol: port.protocol ?? 'TCP',
    ...(isGrpc(port.name ?? '') ? { appProtocol: 'kubernetes.io/h2c' } : {}),
  }
}

/** Ports say by their name that they speak gRPC. */
export function isGrpc(portName: string): boolean {
  return /grpc|h2c/.test(portName)
}
