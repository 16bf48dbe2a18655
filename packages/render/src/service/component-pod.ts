import type { ComponentSpec, Container, PodSpec, PredictorSpec, ServingRuntimeSpec } from '@millrace/api'
import type { Deploying } from '../plan.ts'

/** Every field of a pod. The compiler sees to it that none is missing. */
const podFields: Readonly<Record<keyof PodSpec, true>> = {
  activeDeadlineSeconds: true,
  affinity: true,
  automountServiceAccountToken: true,
  containers: true,
  dnsConfig: true,
  dnsPolicy: true,
  enableServiceLinks: true,
  ephemeralContainers: true,
  hostAliases: true,
  hostIPC: true,
  hostNetwork: true,
  hostPID: true,
  hostUsers: true,
  hostname: true,
  hostnameOverride: true,
  imagePullSecrets: true,
  initContainers: true,
  nodeName: true,
  nodeSelector: true,
  os: true,
  overhead: true,
  preemptionPolicy: true,
  priority: true,
  priorityClassName: true,
  readinessGates: true,
  resourceClaims: true,
  resources: true,
  restartPolicy: true,
  runtimeClassName: true,
  schedulerName: true,
  schedulingGates: true,
  securityContext: true,
  serviceAccount: true,
  serviceAccountName: true,
  setHostnameAsFQDN: true,
  shareProcessNamespace: true,
  subdomain: true,
  terminationGracePeriodSeconds: true,
  tolerations: true,
  topologySpreadConstraints: true,
  volumes: true,
}

/** Every field of a container. */
const containerFields: Readonly<Record<keyof Container, true>> = {
  args: true,
  command: true,
  env: true,
  envFrom: true,
  image: true,
  imagePullPolicy: true,
  lifecycle: true,
  livenessProbe: true,
  name: true,
  ports: true,
  readinessProbe: true,
  resizePolicy: true,
  resources: true,
  restartPolicy: true,
  restartPolicyRules: true,
  securityContext: true,
  startupProbe: true,
  stdin: true,
  stdinOnce: true,
  terminationMessagePath: true,
  terminationMessagePolicy: true,
  tty: true,
  volumeDevices: true,
  volumeMounts: true,
  workingDir: true,
}

/** The pod fields of a component, without our own. */
export function podFieldsOf(component: object): Partial<PodSpec> {
  return Object.fromEntries(Object.entries(component).filter(([field]) => Object.hasOwn(podFields, field)))
}

/** The container fields of a model server or ART explainer, without our own. */
export function containerFieldsOf(server: object): Partial<Container> {
  return Object.fromEntries(Object.entries(server).filter(([field]) => Object.hasOwn(containerFields, field)))
}

export function deployingOf(component: ComponentSpec | PredictorSpec): Deploying {
  const { minReplicas, maxReplicas, scaleTarget, scaleMetric, autoScaling, containerConcurrency } = component
  const { timeout, canaryTrafficPercent, logger, batcher, deploymentStrategy } = component
  return defined({
    minReplicas,
    maxReplicas,
    scaleTarget,
    scaleMetric,
    autoScaling,
    containerConcurrency,
    timeout,
    canaryTrafficPercent,
    logger,
    batcher,
    deploymentStrategy,
  })
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

/** Drops fields that are undefined. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
}

/** What a runtime says about its pods beside their containers. */
export function runtimePodFields(spec: Omit<ServingRuntimeSpec, 'workerSpec' | 'containers'>): Partial<PodSpec> {
  const { nodeSelector, affinity, tolerations, volumes, imagePullSecrets, schedulerName, resourceClaims } = spec
  const fields = { nodeSelector, affinity, tolerations, volumes, imagePullSecrets, schedulerName, resourceClaims }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
