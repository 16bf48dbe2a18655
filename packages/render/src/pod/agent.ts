import type { Container, EnvVar, PodSpec, Probe } from '@millrace/api'
import {
  type CredentialSettings,
  type CredentialsResult,
  serviceAccountCredentials,
} from '../credentials/service-account-credentials.ts'
import { agentPort, containerNames, httpPort, internalKeys, modelDirectory } from '../keys.ts'
import type { World } from '../world.ts'
import { addContainer, addMount, addVolume, editContainer, findContainer } from './container-edit.ts'
import { type LoggerSettings, loggerArgs } from './logger-args.ts'
import type { PodResult } from './oci-model.ts'
import type { PodTemplate } from './shape.ts'

/** `agent` of the configuration. */
export interface AgentSettings {
  readonly image: string
  readonly cpuRequest: string
  readonly cpuLimit: string
  readonly memoryRequest: string
  readonly memoryLimit: string
}

export interface AgentInput {
  readonly agent: AgentSettings
  readonly logger: LoggerSettings
  readonly credentials: CredentialSettings
  readonly world: World
}

const modelConfigDirectory = '/mnt/configs'

/**
 * Puts the agent before the server where requests are batched or logged, or models come and go (multi-model). The
 * annotations of the pod say so. A pod that has an agent is left alone.
 */
export function addAgent(pod: PodTemplate, input: AgentInput): PodResult {
  const { annotations } = pod.metadata
  const isLogging = internalKeys.logger in annotations
  const isPulling = internalKeys.agent in annotations
  const isBatching = internalKeys.batcher in annotations
  if (!isLogging && !isPulling && !isBatching) return { ok: true, spec: pod.spec }
  if (findContainer(pod.spec, containerNames.agent)) return { ok: true, spec: pod.spec }
  const args = [
    ...(isPulling ? pullerArgs(annotations) : []),
    ...(isBatching ? batcherArgs(annotations) : []),
    ...(isLogging ? loggerArgs(pod, input.logger) : []),
    '--component-port',
    String(componentPort(pod.spec)),
  ]
  const credentials = agentCredentials(pod, input, isLogging)
  if (!credentials.ok) return credentials
  let agent = agentContainer(pod.spec, input.agent, args, isLogging)
  agent = { ...agent, env: [...(agent.env ?? []), ...credentials.credentials.env] }
  let spec = addAgentPort(pod.spec)
  if (isLogging && input.logger.caBundle) {
    const name = 'agent-ca-bundle'
    agent = addMount(agent, { name, mountPath: '/etc/tls/logger', readOnly: true })
    spec = addVolume(spec, { name, configMap: { name: input.logger.caBundle, optional: true } })
  }
  for (const mount of credentials.credentials.mounts) agent = addMount(agent, mount)
  for (const volume of credentials.credentials.volumes) spec = addVolume(spec, volume)
  spec = addContainer(spec, agent)
  return { ok: true, spec: isPulling ? mountModels(spec, annotations) : spec }
}

type Annotations = PodTemplate['metadata']['annotations']

function pullerArgs(annotations: Annotations): string[] {
  const configDirectory = annotations[internalKeys.agentConfigMountPath]
  const directory = annotations[internalKeys.agentModelDir]
  return [
    '--enable-puller',
    ...(configDirectory === undefined ? [] : ['--config-dir', configDirectory]),
    ...(directory === undefined ? [] : ['--model-dir', directory]),
  ]
}

function batcherArgs(annotations: Annotations): string[] {
  const size = annotations[internalKeys.batcherMaxBatchSize]
  const latency = annotations[internalKeys.batcherMaxLatency]
  return [
    '--enable-batcher',
    ...(size === undefined ? [] : ['--max-batchsize', size]),
    ...(latency === undefined ? [] : ['--max-latency', latency]),
  ]
}

/** The container that requests are passed on to: the transformer where one shares the pod, else the server. */
function frontContainer(spec: PodSpec): Container | undefined {
  return findContainer(spec, containerNames.transformer) ?? findContainer(spec, containerNames.server)
}

function componentPort(spec: PodSpec): number {
  return frontContainer(spec)?.ports?.[0]?.containerPort ?? httpPort
}

function agentContainer(
  spec: PodSpec,
  settings: AgentSettings,
  args: readonly string[],
  isLogging: boolean,
): Container {
  const queueProxy = findContainer(spec, containerNames.queueProxy)
  const front = findContainer(spec, containerNames.transformer) ?? spec.containers[0]
  const probe = queueProxy ? undefined : front?.readinessProbe
  const env: EnvVar[] = [...(queueProxy?.env ?? [])]
  if (probe?.httpGet || probe?.tcpSocket) env.push({ name: 'SERVING_READINESS_PROBE', value: JSON.stringify(probe) })
  if (isLogging) env.push({ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } })
  const securityContext = spec.containers[0]?.securityContext
  return {
    name: containerNames.agent,
    image: settings.image,
    args,
    env,
    ports: [{ name: 'agent-port', containerPort: agentPort, protocol: 'TCP' }],
    resources: {
      limits: { cpu: settings.cpuLimit, memory: settings.memoryLimit },
      requests: { cpu: settings.cpuRequest, memory: settings.memoryRequest },
    },
    readinessProbe: agentProbe(probe),
    ...(securityContext ? { securityContext } : {}),
  }
}

/** The agent answers on the path of the server's own probe. The header keeps Knative's proxies from answering instead. */
function agentProbe(probe: Probe | undefined): Probe {
  return {
    httpGet: {
      httpHeaders: [{ name: 'K-Network-Probe', value: 'queue' }],
      path: probe?.httpGet?.path || '/',
      port: agentPort,
      scheme: 'HTTP',
    },
  }
}

/** Knative's proxy shall pass requests to the agent instead of the server. */
function addAgentPort(spec: PodSpec): PodSpec {
  return editContainer(spec, containerNames.queueProxy, (container) => ({
    ...container,
    ...(container.env
      ? { env: container.env.map((v) => (v.name === 'USER_PORT' ? { ...v, value: String(agentPort) } : v)) }
      : {}),
  }))
}

/** The pod's own account, and the logger's where logs go to a store. */
function agentCredentials(pod: PodTemplate, input: AgentInput, isLogging: boolean): CredentialsResult {
  const base = {
    namespace: pod.metadata.namespace,
    annotations: pod.metadata.annotations,
    settings: input.credentials,
    world: input.world,
  }
  const own = serviceAccountCredentials({ ...base, serviceAccountName: pod.spec.serviceAccountName })
  const store = isLogging ? input.logger.storage : undefined
  if (!own.ok || !store) return own
  const logger = serviceAccountCredentials({ ...base, serviceAccountName: store.serviceAccountName || 'logger-sa' })
  if (!logger.ok) return logger
  return {
    ok: true,
    credentials: {
      env: [...own.credentials.env, ...logger.credentials.env],
      mounts: [...own.credentials.mounts, ...logger.credentials.mounts],
      volumes: [...own.credentials.volumes, ...logger.credentials.volumes],
    },
  }
}

function mountModels(spec: PodSpec, annotations: Annotations): PodSpec {
  const configMap = annotations[internalKeys.agentConfigVolumeName] ?? ''
  let result = spec
  for (const name of [containerNames.agent, containerNames.server]) {
    result = editContainer(result, name, (c) => addMount(c, { name: 'model-dir', mountPath: modelDirectory }))
  }
  result = editContainer(result, containerNames.agent, (c) =>
    addMount(c, { name: 'model-config', mountPath: modelConfigDirectory }),
  )
  result = addVolume(result, { name: 'model-dir', emptyDir: {} })
  return addVolume(result, { name: 'model-config', configMap: { name: configMap } })
}
