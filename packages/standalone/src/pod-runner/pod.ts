import type { KubeObject } from '@millrace/kube'

/**
 * The part of core/v1 Pod that the pod runner reads and writes. The API server has validated types against its schema;
 * `parsePod` checks the two things without which nothing here works.
 */
export interface Pod extends KubeObject {
  spec: PodSpec
  status?: PodStatus
}

export interface PodSpec {
  nodeName?: string
  schedulerName?: string
  restartPolicy?: 'Always' | 'OnFailure' | 'Never'
  terminationGracePeriodSeconds?: number
  activeDeadlineSeconds?: number
  hostNetwork?: boolean
  hostname?: string
  subdomain?: string
  serviceAccountName?: string
  nodeSelector?: Record<string, string>
  affinity?: { nodeAffinity?: NodeAffinity }
  tolerations?: Toleration[]
  readinessGates?: { conditionType: string }[]
  schedulingGates?: { name: string }[]
  initContainers?: Container[]
  containers: Container[]
  volumes?: Volume[]
}

export interface NodeAffinity {
  requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeSelectorTerm[] }
}

export interface NodeSelectorTerm {
  matchExpressions?: NodeSelectorRequirement[]
  matchFields?: NodeSelectorRequirement[]
}

export interface NodeSelectorRequirement {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'
  values?: string[]
}

export interface Toleration {
  key?: string
  operator?: 'Equal' | 'Exists'
  value?: string
  effect?: string
}

export interface Container {
  name: string
  image?: string
  command?: string[]
  args?: string[]
  workingDir?: string
  env?: EnvVar[]
  envFrom?: EnvFromSource[]
  ports?: { name?: string; containerPort: number; protocol?: string }[]
  resources?: ResourceRequirements
  volumeMounts?: VolumeMount[]
  volumeDevices?: unknown[]
  livenessProbe?: Probe
  readinessProbe?: Probe
  startupProbe?: Probe
  lifecycle?: { postStart?: LifecycleHandler; preStop?: LifecycleHandler }
  terminationMessagePath?: string
  terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError'
  /** Only `Always`, and only on an init container: a sidecar. */
  restartPolicy?: string
}

export interface ResourceRequirements {
  limits?: Record<string, string | number>
  requests?: Record<string, string | number>
}

export interface EnvVar {
  name: string
  value?: string
  valueFrom?: EnvVarSource
}

export interface EnvVarSource {
  fieldRef?: FieldRef
  resourceFieldRef?: ResourceFieldRef
  configMapKeyRef?: KeyRef
  secretKeyRef?: KeyRef
}

export interface FieldRef {
  fieldPath: string
}

export interface ResourceFieldRef {
  containerName?: string
  resource: string
  divisor?: string | number
}

export interface KeyRef {
  name?: string
  key: string
  optional?: boolean
}

export interface EnvFromSource {
  prefix?: string
  configMapRef?: { name?: string; optional?: boolean }
  secretRef?: { name?: string; optional?: boolean }
}

export interface VolumeMount {
  name: string
  mountPath: string
  subPath?: string
  subPathExpr?: string
  readOnly?: boolean
}

export interface KeyToPath {
  key: string
  path: string
  mode?: number
}

export interface ConfigMapSource {
  name?: string
  items?: KeyToPath[]
  optional?: boolean
}

export interface DownwardFile {
  path: string
  fieldRef?: FieldRef
  resourceFieldRef?: ResourceFieldRef
  mode?: number
}

export interface ProjectedSource {
  configMap?: ConfigMapSource
  secret?: ConfigMapSource
  downwardAPI?: { items?: DownwardFile[] }
  serviceAccountToken?: { path: string; audience?: string; expirationSeconds?: number }
  [source: string]: unknown
}

/** One volume: its name and exactly one source, named as in the API. Sources that are not here are refused by name. */
export interface Volume {
  name: string
  emptyDir?: Record<string, unknown>
  hostPath?: { path: string; type?: string }
  configMap?: ConfigMapSource & { defaultMode?: number }
  secret?: { secretName?: string; items?: KeyToPath[]; optional?: boolean; defaultMode?: number }
  downwardAPI?: { items?: DownwardFile[]; defaultMode?: number }
  projected?: { sources?: ProjectedSource[]; defaultMode?: number }
  persistentVolumeClaim?: { claimName: string; readOnly?: boolean }
  [source: string]: unknown
}

export interface HttpGetAction {
  path?: string
  port: number | string
  host?: string
  scheme?: string
  httpHeaders?: { name: string; value: string }[]
}

export interface LifecycleHandler {
  exec?: { command?: string[] }
  httpGet?: HttpGetAction
  tcpSocket?: { port: number | string; host?: string }
  sleep?: { seconds: number }
}

export interface Probe {
  exec?: { command?: string[] }
  httpGet?: HttpGetAction
  tcpSocket?: { port: number | string; host?: string }
  grpc?: { port: number; service?: string }
  initialDelaySeconds?: number
  periodSeconds?: number
  timeoutSeconds?: number
  successThreshold?: number
  failureThreshold?: number
  terminationGracePeriodSeconds?: number
}

export interface PodStatus {
  observedGeneration?: number
  phase?: PodPhase
  reason?: string
  message?: string
  conditions?: PodCondition[]
  hostIP?: string
  hostIPs?: { ip: string }[]
  podIP?: string
  podIPs?: { ip: string }[]
  startTime?: string
  qosClass?: string
  initContainerStatuses?: ContainerStatus[]
  containerStatuses?: ContainerStatus[]
  [field: string]: unknown
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

export interface PodCondition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason?: string
  message?: string
  lastTransitionTime?: string | null
  lastProbeTime?: string | null
  observedGeneration?: number
}

export interface ContainerStatus {
  name: string
  image: string
  imageID: string
  containerID?: string
  ready: boolean
  started?: boolean
  restartCount: number
  state: ContainerState
  lastState: ContainerState
}

/** At most one of the three is set; none means nothing is known yet. */
export interface ContainerState {
  waiting?: { reason: string; message?: string }
  running?: { startedAt: string }
  terminated?: Terminated
}

export interface Terminated {
  exitCode: number
  signal?: number
  reason: string
  message?: string
  startedAt: string
  finishedAt: string
  containerID?: string
}

/** What names a pod for good: a name is used again after deletion, its uid never. */
export interface PodIdentity {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** The object as a Pod, or undefined when it lacks what the API server guarantees (a uid, a name, containers). */
export function parsePod(object: KubeObject): Pod | undefined {
  const spec = object.spec as Partial<PodSpec> | undefined
  if (!object.metadata.uid || !object.metadata.name || !Array.isArray(spec?.containers)) return undefined
  return object as Pod
}

export function podIdentity(pod: Pod): PodIdentity {
  return {
    namespace: pod.metadata.namespace ?? 'default',
    name: pod.metadata.name ?? '',
    uid: pod.metadata.uid ?? '',
  }
}

/** A sidecar is an init container with restartPolicy Always: started in order, then kept running beside the rest. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

export function isTerminalPhase(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}
