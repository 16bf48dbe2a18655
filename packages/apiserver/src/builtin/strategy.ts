import type { KubeObject } from '@millrace/kube'
import { deepEqual } from '../schema/deep-equal.ts'
import { words } from '../schema/words.ts'
import { builtinCatalog } from './catalog.ts'
import type { Gvk } from './resource-info.ts'
import { emptyObject } from './decode.ts'
import { isObject, type Json } from './defaults-type.ts'
import { qosClass } from './qos-class.ts'
import { keepAllocations } from './service-update.ts'

/** How a kind's writes treat status and generation. The same shape serves custom resources. */
export interface Strategy {
  /** Has a status that only /status may write. */
  readonly hasStatus: boolean
  /** metadata.generation starts at 1 and counts changes. */
  readonly hasGeneration: boolean
  /** PUT without a resourceVersion overwrites; else it is refused with `must be specified for an update`. */
  readonly allowsUnconditionalUpdate: boolean
  /** PUT of an absent object creates it. */
  readonly allowsCreateOnUpdate: boolean
  /** Custom resources: /status takes status alone, other metadata stays; any field but metadata counts for generation. */
  readonly isCustom?: boolean
  /** Fields of metadata that /status leaves as they are. */
  readonly statusKeeps?: readonly string[]
}

const admission = words(`
  MutatingWebhookConfiguration ValidatingWebhookConfiguration ValidatingAdmissionPolicy
  ValidatingAdmissionPolicyBinding
`).map((kind) => `admissionregistration.k8s.io/${kind}`)

const generations: ReadonlySet<string> = new Set([
  ...admission,
  ...words(`
    apps/DaemonSet apps/Deployment apps/ReplicaSet apps/StatefulSet batch/CronJob batch/Job
    /Pod /PodTemplate /ReplicationController networking.k8s.io/Ingress networking.k8s.io/IngressClass
    networking.k8s.io/NetworkPolicy discovery.k8s.io/EndpointSlice policy/PodDisruptionBudget
    scheduling.k8s.io/PriorityClass apiextensions.k8s.io/CustomResourceDefinition
  `),
])

const conditionalOnly: ReadonlySet<string> = new Set([
  ...admission,
  ...words(`
    coordination.k8s.io/Lease policy/PodDisruptionBudget apiextensions.k8s.io/CustomResourceDefinition
    storage.k8s.io/CSIDriver storage.k8s.io/CSINode storage.k8s.io/CSIStorageCapacity storage.k8s.io/VolumeAttachment
  `),
])

const createdByPut: ReadonlySet<string> = new Set(
  words(`
    rbac.authorization.k8s.io/Role rbac.authorization.k8s.io/RoleBinding
    rbac.authorization.k8s.io/ClusterRole rbac.authorization.k8s.io/ClusterRoleBinding
    coordination.k8s.io/Lease /LimitRange /Event /Service /Endpoints events.k8s.io/Event
  `),
)

const customStrategy = { hasGeneration: true, allowsUnconditionalUpdate: false, allowsCreateOnUpdate: false } as const

/** Strategy of a custom resource; `hasStatus` is whether its CRD version has the status subresource. */
export function customStrategyOf(hasStatus: boolean): Strategy {
  return { ...customStrategy, hasStatus, isCustom: true }
}

/** Strategy of a built-in kind. */
export function strategyOf(gvk: Gvk): Strategy {
  const kind = `${gvk.group}/${gvk.kind}`
  const resource = builtinCatalog().resources.find(
    (candidate) => candidate.gvk.kind === gvk.kind && candidate.gvk.group === gvk.group,
  )
  return {
    hasStatus: resource?.subresources.some((subresource) => subresource.name === 'status') === true,
    hasGeneration: generations.has(kind),
    allowsUnconditionalUpdate: !conditionalOnly.has(kind),
    allowsCreateOnUpdate: createdByPut.has(kind),
    isCustom: false,
    statusKeeps: statusKeeps[kind] ?? [],
  }
}

const statusKeeps: Readonly<Record<string, readonly string[]>> = {
  'apps/Deployment': ['labels'],
  '/Pod': ['deletionTimestamp', 'ownerReferences'],
}

/**
 * The object as it is first stored: status dropped or set to its start value, generation 1. `uid` must already be set
 * (a Job's selector is made of it).
 */
export function prepareCreate(strategy: Strategy, gvk: Gvk, object: KubeObject): KubeObject {
  let out: KubeObject = strategy.hasStatus ? withStartStatus(strategy, gvk, object) : object
  if (strategy.hasGeneration) out = { ...out, metadata: { ...out.metadata, generation: 1 } }
  if (strategy.isCustom) return out
  switch (`${gvk.group}/${gvk.kind}`) {
    case '/Namespace':
      return { ...out, spec: withFinalizer(out.spec) }
    case 'batch/Job':
      return withJobSelector(out)
    case 'apps/DaemonSet':
      return withTemplateGeneration(out, 1)
    default:
      return out
  }
}

function withStartStatus(strategy: Strategy, gvk: Gvk, object: KubeObject): KubeObject {
  const { status: _dropped, ...rest } = object
  if (strategy.isCustom) return rest as KubeObject
  const kind = `${gvk.group}/${gvk.kind}`
  if (kind === '/Node') return object
  const schema = builtinCatalog().schemaOf(gvk)
  const zero = schema ? emptyObject(schema).status : undefined
  const status = { ...(isObject(zero) ? zero : {}), ...startStatus(kind, object) }
  return zero === undefined && Object.keys(status).length === 0
    ? (rest as KubeObject)
    : { ...(rest as KubeObject), status }
}

function startStatus(kind: string, object: KubeObject): Json {
  switch (kind) {
    case '/Pod':
      return { phase: 'Pending', qosClass: qosClass(object), ...gatedCondition(object) }
    case '/Namespace':
      return { phase: 'Active' }
    case '/PersistentVolumeClaim':
    case '/PersistentVolume':
      return { phase: 'Pending' }
    case 'apiextensions.k8s.io/CustomResourceDefinition':
      return { storedVersions: storageVersions(object, []) }
    default:
      return {}
  }
}

/** A pod with scheduling gates says from its first moment why it waits. */
function gatedCondition({ metadata, spec }: KubeObject): Json {
  const gates = fieldOf(spec, 'schedulingGates')
  if (!Array.isArray(gates) || gates.length === 0) return {}
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: metadata.creationTimestamp,
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  }
  return { conditions: [condition] }
}

/** The versions a CRD's objects may be stored in: those known so far and the storage version of its spec. */
function storageVersions(definition: KubeObject, known: readonly unknown[]): readonly unknown[] {
  const versions = isObject(definition.spec) && Array.isArray(definition.spec.versions) ? definition.spec.versions : []
  const stored = versions.find((version) => isObject(version) && version.storage === true)
  return !isObject(stored) || known.includes(stored.name) ? known : [...known, stored.name]
}

function withFinalizer(spec: unknown): Json {
  const fields = isObject(spec) ? spec : {}
  const finalizers = Array.isArray(fields.finalizers) ? fields.finalizers : []
  return { ...fields, finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'] }
}

const templateGeneration = 'deprecated.daemonset.template.generation'

function withTemplateGeneration(object: KubeObject, generation: number): KubeObject {
  const annotations = { ...object.metadata.annotations, [templateGeneration]: String(generation) }
  return { ...object, metadata: { ...object.metadata, annotations } }
}

/** A job without a selector of its own selects by its uid, and marks its pods with uid and name. */
function withJobSelector(job: KubeObject): KubeObject {
  const spec = isObject(job.spec) ? job.spec : {}
  if (spec.manualSelector === true) return job
  const { uid = '', name = '' } = job.metadata
  const selector = isObject(spec.selector) ? spec.selector : {}
  const template = isObject(spec.template) ? spec.template : {}
  const metadata = isObject(template.metadata) ? template.metadata : {}
  const marks = {
    'controller-uid': uid,
    'batch.kubernetes.io/controller-uid': uid,
    ...(name.length > 63 ? {} : { 'job-name': name, 'batch.kubernetes.io/job-name': name }),
  }
  const labels = { ...marks, ...(isObject(metadata.labels) ? metadata.labels : {}) }
  const matchLabels = {
    ...(isObject(selector.matchLabels) ? selector.matchLabels : {}),
    'batch.kubernetes.io/controller-uid': uid,
  }
  // A job without labels of its own carries those of its pods.
  const hasLabels = Object.keys(job.metadata.labels ?? {}).length > 0
  return {
    ...job,
    metadata: hasLabels ? job.metadata : { ...job.metadata, labels: labels as Readonly<Record<string, string>> },
    spec: {
      ...spec,
      selector: { ...selector, matchLabels },
      template: { ...template, metadata: { ...metadata, labels } },
    },
  }
}

/** The object as an update of `subresource` ('' or 'status') stores it: the other half comes from `old`, generation bumped. */
export function prepareUpdate(
  strategy: Strategy,
  object: KubeObject,
  old: KubeObject,
  subresource: string,
): KubeObject {
  if (subresource === 'status') return statusOnly(strategy, object, old)
  let out = withSystemMetadata(strategy.hasStatus ? withField(object, 'status', old.status) : object, old)
  const gvk = gvkOf(object)
  if (!strategy.isCustom) out = keepInternals(gvk, out, old)
  if (!strategy.hasGeneration) return out
  const { generation = 0 } = old.metadata
  const counts = strategy.isCustom ? changedBesideMetadata(out, old) : changedForGeneration(gvk, out, old)
  return { ...out, metadata: { ...out.metadata, generation: counts ? generation + 1 : generation } }
}

/** Writers cannot set when an object was made, nor the generation of a kind that has none. */
function withSystemMetadata(object: KubeObject, old: KubeObject): KubeObject {
  const { creationTimestamp, generation } = old.metadata
  const metadata = { ...object.metadata }
  if (creationTimestamp !== undefined) metadata.creationTimestamp = creationTimestamp
  if (generation === undefined) delete metadata.generation
  return { ...object, metadata }
}

/** What the kind itself keeps up to date on any write. */
function keepInternals(gvk: Gvk, object: KubeObject, old: KubeObject): KubeObject {
  switch (`${gvk.group}/${gvk.kind}`) {
    case 'apps/DaemonSet': {
      const generation = Number(old.metadata.annotations?.[templateGeneration] ?? 0)
      const isNew = !deepEqual(fieldOf(object.spec, 'template'), fieldOf(old.spec, 'template'))
      return withTemplateGeneration(object, isNew ? generation + 1 : generation)
    }
    case 'apiextensions.k8s.io/CustomResourceDefinition': {
      const status = isObject(old.status) ? old.status : {}
      const known = Array.isArray(status.storedVersions) ? status.storedVersions : []
      return { ...object, status: { ...status, storedVersions: storageVersions(object, known) } }
    }
    case '/Service':
      return keepAllocations(object, old)
    default:
      return object
  }
}

function statusOnly(strategy: Strategy, object: KubeObject, old: KubeObject): KubeObject {
  const { managedFields } = object.metadata
  if (strategy.isCustom) {
    const metadata = { ...old.metadata }
    if (managedFields) metadata.managedFields = managedFields
    return withField({ ...old, metadata }, 'status', object.status)
  }
  const metadata: Json = { ...object.metadata, generation: old.metadata.generation }
  for (const field of strategy.statusKeeps ?? []) {
    const former = (old.metadata as Json)[field]
    if (former === undefined) delete metadata[field]
    else metadata[field] = former
  }
  if (metadata.generation === undefined) delete metadata.generation
  return { ...old, metadata: metadata as KubeObject['metadata'], status: object.status }
}

function withField(object: KubeObject, field: string, value: unknown): KubeObject {
  if (value !== undefined) return { ...object, [field]: value }
  const { [field]: _dropped, ...rest } = object
  return rest as KubeObject
}

function changedBesideMetadata(object: KubeObject, old: KubeObject): boolean {
  return !deepEqual({ ...object, metadata: null }, { ...old, metadata: null })
}

/** Which changes count: most kinds their spec, some also what else drives their controller. */
function changedForGeneration(gvk: Gvk, object: KubeObject, old: KubeObject): boolean {
  switch (gvk.kind) {
    case 'Deployment':
      return !deepEqual(object.spec, old.spec) || !deepEqual(object.metadata.annotations, old.metadata.annotations)
    case 'EndpointSlice':
      return changedBesideMetadata(object, old) || !deepEqual(object.metadata.labels, old.metadata.labels)
    case 'MutatingWebhookConfiguration':
    case 'ValidatingWebhookConfiguration':
      return !deepEqual(object.webhooks, old.webhooks)
    case 'PodTemplate':
      return !deepEqual(object.template, old.template)
    case 'PriorityClass':
      return false
    default:
      return !deepEqual(object.spec, old.spec)
  }
}

/** Paths that field management resets for an endpoint: what the other endpoint owns is not this one's to own. */
export function resetFields(strategy: Strategy, subresource: string): readonly (readonly string[])[] {
  if (!strategy.hasStatus) return []
  if (subresource === '') return [['status']]
  if (subresource !== 'status') return []
  return [['spec'], ...(strategy.statusKeeps ?? []).map((field) => ['metadata', field])]
}

function gvkOf(object: KubeObject): Gvk {
  const slash = object.apiVersion.indexOf('/')
  return {
    group: object.apiVersion.slice(0, Math.max(0, slash)),
    version: object.apiVersion.slice(slash + 1),
    kind: object.kind,
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}
