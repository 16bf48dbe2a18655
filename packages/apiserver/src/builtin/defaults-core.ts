import { isObject, type Json, objects, setDefault, type TypeDefaults } from './defaults-type.ts'

const core = 'io.k8s.api.core.v1.'
const networking = 'io.k8s.api.networking.v1.'
const rbac = 'io.k8s.api.rbac.v1.'
const storage = 'io.k8s.api.storage.v1.'
const admission = 'io.k8s.api.admissionregistration.v1.'
const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.'

const rbacGroup = 'rbac.authorization.k8s.io'

/** Defaults of everything but pods and what makes them. */
export const coreDefaults: TypeDefaults = {
  [`${core}Namespace`]: labelNamespace,
  [`${core}NamespaceStatus`]: (status) => setDefault(status, 'phase', 'Active'),
  [`${core}NodeStatus`]: (status) => {
    if (!status.allocatable && status.capacity) status.allocatable = status.capacity
  },
  [`${core}ServiceSpec`]: defaultService,
  [`${core}ServicePort`]: (port) => {
    setDefault(port, 'protocol', 'TCP')
    if (!port.targetPort) port.targetPort = port.port
  },
  [`${core}EndpointPort`]: (port) => setDefault(port, 'protocol', 'TCP'),
  'io.k8s.api.discovery.v1.EndpointPort': (port) => {
    port.name ??= ''
    port.protocol ??= 'TCP'
  },
  [`${core}Secret`]: defaultSecret,
  [`${core}PersistentVolume`]: (volume) => pending(volume),
  [`${core}PersistentVolumeSpec`]: (spec) => {
    setDefault(spec, 'persistentVolumeReclaimPolicy', 'Retain')
    spec.volumeMode ??= 'Filesystem'
  },
  [`${core}PersistentVolumeClaim`]: (claim) => pending(claim),
  [`${core}PersistentVolumeClaimSpec`]: (spec) => {
    spec.volumeMode ??= 'Filesystem'
  },
  [`${core}LimitRangeItem`]: defaultLimits,
  [`${networking}NetworkPolicyPort`]: (port) => {
    port.protocol ??= 'TCP'
  },
  [`${networking}NetworkPolicySpec`]: (spec) => {
    if (objectsOrStrings(spec.policyTypes) > 0) return
    spec.policyTypes = objectsOrStrings(spec.egress) > 0 ? ['Ingress', 'Egress'] : ['Ingress']
  },
  [`${networking}IngressClassParametersReference`]: (parameters) => {
    parameters.scope ??= 'Cluster'
  },
  [`${rbac}ClusterRoleBinding`]: defaultRoleRef,
  [`${rbac}RoleBinding`]: defaultRoleRef,
  [`${rbac}Subject`]: (subject) => {
    if (subject.kind === 'User' || subject.kind === 'Group') setDefault(subject, 'apiGroup', rbacGroup)
  },
  'io.k8s.api.scheduling.v1.PriorityClass': (priority) => {
    priority.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  [`${storage}StorageClass`]: (storageClass) => {
    storageClass.reclaimPolicy ??= 'Delete'
    storageClass.volumeBindingMode ??= 'Immediate'
  },
  [`${storage}CSIDriverSpec`]: defaultCsiDriver,
  [`${admission}ValidatingWebhook`]: defaultWebhook,
  [`${admission}MutatingWebhook`]: (webhook) => {
    defaultWebhook(webhook)
    webhook.reinvocationPolicy ??= 'Never'
  },
  [`${admission}RuleWithOperations`]: (rule) => {
    rule.scope ??= '*'
  },
  [`${admission}NamedRuleWithOperations`]: (rule) => {
    rule.scope ??= '*'
  },
  [`${admission}ServiceReference`]: (service) => {
    service.port ??= 443
  },
  [`${admission}ValidatingAdmissionPolicySpec`]: (spec) => {
    spec.failurePolicy ??= 'Fail'
  },
  [`${admission}MatchResources`]: (match) => {
    match.matchPolicy ??= 'Equivalent'
    match.namespaceSelector ??= {}
    match.objectSelector ??= {}
  },
  [`${extensions}CustomResourceDefinition`]: defaultCrd,
  [`${extensions}CustomResourceDefinitionSpec`]: (spec) => {
    spec.conversion ??= { strategy: 'None' }
  },
  [`${extensions}CustomResourceDefinitionNames`]: (names) => {
    if (typeof names.kind !== 'string' || names.kind === '') return
    setDefault(names, 'singular', names.kind.toLowerCase())
    setDefault(names, 'listKind', `${names.kind}List`)
  },
  [`${extensions}ServiceReference`]: (service) => {
    service.port ??= 443
  },
}

function labelNamespace(namespace: Json): void {
  const metadata = isObject(namespace.metadata) ? namespace.metadata : {}
  if (typeof metadata.name !== 'string' || metadata.name === '') return
  const labels = isObject(metadata.labels) ? metadata.labels : {}
  namespace.metadata = { ...metadata, labels: { ...labels, 'kubernetes.io/metadata.name': metadata.name } }
}

function defaultService(spec: Json): void {
  setDefault(spec, 'sessionAffinity', 'None')
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'ClientIP') {
    const config = isObject(spec.sessionAffinityConfig) ? spec.sessionAffinityConfig : {}
    const clientIp = isObject(config.clientIP) ? config.clientIP : {}
    if (clientIp.timeoutSeconds === undefined) spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10800 } }
  }
  setDefault(spec, 'type', 'ClusterIP')
  const isNodePort = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  const hasExternalIps = spec.type === 'ClusterIP' && objectsOrStrings(spec.externalIPs) > 0
  if (isNodePort || hasExternalIps) setDefault(spec, 'externalTrafficPolicy', 'Cluster')
  if (isNodePort || spec.type === 'ClusterIP') spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
}

function defaultSecret(secret: Json): void {
  setDefault(secret, 'type', 'Opaque')
  const { stringData } = secret
  if (!isObject(stringData)) return
  const texts = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')])
  secret.data = { ...(isObject(secret.data) ? secret.data : {}), ...Object.fromEntries(texts) }
  delete secret.stringData
}

function pending(object: Json): void {
  const status = isObject(object.status) ? object.status : {}
  if (!status.phase) object.status = { ...status, phase: 'Pending' }
}

function defaultLimits(item: Json): void {
  if (item.type !== 'Container') return
  const limits = { ...(isObject(item.max) ? item.max : {}), ...(isObject(item.default) ? item.default : {}) }
  const requests = {
    ...(isObject(item.min) ? item.min : {}),
    ...limits,
    ...(isObject(item.defaultRequest) ? item.defaultRequest : {}),
  }
  if (Object.keys(limits).length > 0) item.default = limits
  if (Object.keys(requests).length > 0) item.defaultRequest = requests
}

function defaultRoleRef(binding: Json): void {
  const reference = isObject(binding.roleRef) ? binding.roleRef : {}
  if (!reference.apiGroup) binding.roleRef = { ...reference, apiGroup: rbacGroup }
}

function defaultCsiDriver(spec: Json): void {
  spec.attachRequired ??= true
  spec.podInfoOnMount ??= false
  spec.storageCapacity ??= false
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
  if (objectsOrStrings(spec.volumeLifecycleModes) === 0) spec.volumeLifecycleModes = ['Persistent']
  spec.requiresRepublish ??= false
  spec.seLinuxMount ??= false
}

function defaultWebhook(webhook: Json): void {
  webhook.failurePolicy ??= 'Fail'
  webhook.matchPolicy ??= 'Equivalent'
  webhook.namespaceSelector ??= {}
  webhook.objectSelector ??= {}
  webhook.timeoutSeconds ??= 10
}

function defaultCrd(definition: Json): void {
  const spec = isObject(definition.spec) ? definition.spec : {}
  const status = isObject(definition.status) ? definition.status : {}
  const stored = objects(spec.versions).find((version) => version.storage === true)
  if (objectsOrStrings(status.storedVersions) === 0 && stored) {
    definition.status = { ...status, storedVersions: [stored.name] }
  }
}

function objectsOrStrings(value: unknown): number {
  return Array.isArray(value) ? value.length : 0
}
