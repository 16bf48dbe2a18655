import type { Container, PodSpec } from '../generated/kubernetes-objects.ts'

/**
 * The fields of a pod that a Knative Service has, with the feature that an administrator has to switch on for some
 * (ConfigMap config-features). What is not here its schema does not know, so that server-side apply would refuse it.
 * Source: the CRD of Knative Serving 1.19.
 */
export const knativePodFields: Readonly<Partial<Record<keyof PodSpec, string | true>>> = {
  containers: true,
  volumes: true,
  serviceAccountName: true,
  imagePullSecrets: true,
  enableServiceLinks: true,
  automountServiceAccountToken: true,
  affinity: 'kubernetes.podspec-affinity',
  nodeSelector: 'kubernetes.podspec-nodeselector',
  tolerations: 'kubernetes.podspec-tolerations',
  topologySpreadConstraints: 'kubernetes.podspec-topologyspreadconstraints',
  hostAliases: 'kubernetes.podspec-hostaliases',
  runtimeClassName: 'kubernetes.podspec-runtimeclassname',
  priorityClassName: 'kubernetes.podspec-priorityclassname',
  schedulerName: 'kubernetes.podspec-schedulername',
  securityContext: 'kubernetes.podspec-securitycontext',
  initContainers: 'kubernetes.podspec-init-containers',
  dnsPolicy: 'kubernetes.podspec-dnspolicy',
  dnsConfig: 'kubernetes.podspec-dnsconfig',
  hostIPC: 'kubernetes.podspec-hostipc',
  hostPID: 'kubernetes.podspec-hostpid',
  hostNetwork: 'kubernetes.podspec-hostnetwork',
  shareProcessNamespace: 'kubernetes.podspec-shareprocessnamespace',
}

/** The same of a container. */
export const knativeContainerFields = {
  args: true,
  command: true,
  env: true,
  envFrom: true,
  image: true,
  imagePullPolicy: true,
  livenessProbe: true,
  name: true,
  ports: true,
  readinessProbe: true,
  resources: true,
  securityContext: true,
  startupProbe: true,
  terminationMessagePath: true,
  terminationMessagePolicy: true,
  volumeMounts: true,
  workingDir: true,
} as const satisfies Readonly<Partial<Record<keyof Container, true>>>
