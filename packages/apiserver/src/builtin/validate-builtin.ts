import type { KubeObject } from '@millrace/kube'
import { type FieldError, invalid } from '../schema/field-error.ts'
import { verbatim } from '../schema/go-text.ts'
import type { Gvk } from './resource-info.ts'
import type { Json } from './defaults-type.ts'
import { field } from './findings.ts'
import { checkAutoscaler } from './validate-autoscaler.ts'
import { checkBinding, checkBindingUpdate, checkWebhooks } from './validate-bindings.ts'
import {
  checkEvent,
  checkLease,
  checkLimitRange,
  checkNode,
  checkNodeUpdate,
  checkQuota,
  checkQuotaUpdate,
  checkRevision,
  checkRevisionUpdate,
} from './validate-cluster.ts'
import {
  checkConfigMap,
  checkConfigMapUpdate,
  checkPriorityClass,
  checkPriorityClassUpdate,
  checkRole,
  checkSecret,
  checkSecretUpdate,
} from './validate-config.ts'
import {
  checkEndpoints,
  checkEndpointSlice,
  checkEndpointSliceUpdate,
  checkIngress,
  checkIngressClass,
  checkIngressClassUpdate,
} from './validate-ingress.ts'
import { checkNetworkPolicy } from './validate-network-policy.ts'
import { checkPod, checkPodUpdate } from './validate-pod.ts'
import { checkSelector } from './validate-selector.ts'
import { checkService, checkServiceUpdate } from './validate-service.ts'
import {
  checkClaim,
  checkClaimUpdate,
  checkStorageClass,
  checkStorageClassUpdate,
  checkVolume,
  checkVolumeUpdate,
} from './validate-storage.ts'
import {
  checkAmount,
  checkCronJob,
  checkDaemonSet,
  checkDeployment,
  checkJob,
  checkNotAboveAll,
  checkReplicaSet,
  checkStatefulSet,
  checkStatefulSetUpdate,
  checkUnchanged,
} from './validate-workloads.ts'

interface Checks {
  /** Of the object as it is; run on update too, except where `update` says it all. */
  readonly object?: (object: Json) => readonly FieldError[]
  readonly update?: (object: Json, old: Json) => readonly FieldError[]
  /** An update may leave alone what the object's checks would refuse today. */
  readonly updateOnly?: boolean
}

/** By group and kind. Kinds that are not here have nothing to check beyond their schema. */
const checks: Readonly<Record<string, Checks>> = {
  '/Pod': { object: checkPod, update: checkPodUpdate, updateOnly: true },
  '/Service': { object: checkService, update: checkServiceUpdate },
  '/ConfigMap': { object: checkConfigMap, update: checkConfigMapUpdate },
  '/Secret': { object: checkSecret, update: checkSecretUpdate },
  '/Endpoints': { object: checkEndpoints },
  '/Event': { object: checkEvent },
  'events.k8s.io/Event': { object: checkEvent },
  '/Node': { object: checkNode, update: checkNodeUpdate },
  'apps/ControllerRevision': { object: checkRevision, update: checkRevisionUpdate },
  '/PersistentVolumeClaim': { object: checkClaim, update: checkClaimUpdate },
  '/PersistentVolume': { object: checkVolume, update: checkVolumeUpdate },
  '/ResourceQuota': { object: checkQuota, update: checkQuotaUpdate },
  '/LimitRange': { object: checkLimitRange },
  'apps/Deployment': {
    object: checkDeployment,
    update: (object, old) => checkUnchanged(object, old, 'selector'),
  },
  'apps/ReplicaSet': {
    object: checkReplicaSet,
    update: (object, old) => checkUnchanged(object, old, 'selector'),
  },
  'apps/DaemonSet': {
    object: checkDaemonSet,
    update: (object, old) => checkUnchanged(object, old, 'selector'),
  },
  'apps/StatefulSet': { object: checkStatefulSet, update: checkStatefulSetUpdate },
  'batch/Job': { object: checkJob, update: checkJobUpdate },
  'batch/CronJob': { object: checkCronJob },
  'autoscaling/HorizontalPodAutoscaler': { object: checkAutoscaler },
  'networking.k8s.io/Ingress': { object: checkIngress },
  'networking.k8s.io/IngressClass': { object: checkIngressClass, update: checkIngressClassUpdate },
  'networking.k8s.io/NetworkPolicy': { object: checkNetworkPolicy },
  'discovery.k8s.io/EndpointSlice': { object: checkEndpointSlice, update: checkEndpointSliceUpdate },
  'policy/PodDisruptionBudget': { object: checkDisruptionBudget },
  'coordination.k8s.io/Lease': { object: checkLease },
  'scheduling.k8s.io/PriorityClass': { object: checkPriorityClass, update: checkPriorityClassUpdate },
  'storage.k8s.io/StorageClass': { object: checkStorageClass, update: checkStorageClassUpdate },
  'rbac.authorization.k8s.io/Role': { object: (object) => checkRole(object, true) },
  'rbac.authorization.k8s.io/ClusterRole': { object: (object) => checkRole(object, false) },
  'rbac.authorization.k8s.io/RoleBinding': {
    object: (object) => checkBinding(object, true),
    update: checkBindingUpdate,
  },
  'rbac.authorization.k8s.io/ClusterRoleBinding': {
    object: (object) => checkBinding(object, false),
    update: checkBindingUpdate,
  },
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': { object: checkWebhooks },
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': { object: checkWebhooks },
}

const checksOf = (gvk: Gvk): Checks => checks[`${gvk.group}/${gvk.kind}`] ?? {}

/** Findings about a decoded and defaulted built-in object that is to be created. */
export function validateCreate(gvk: Gvk, object: KubeObject): readonly FieldError[] {
  return [...checkFinalizers(object), ...(checksOf(gvk).object?.(object) ?? [])]
}

/** Findings about an update: those of the new object, and changes of what must not change. */
export function validateUpdate(gvk: Gvk, object: KubeObject, old: KubeObject): readonly FieldError[] {
  const own = checksOf(gvk)
  const unchanged = JSON.stringify(object.spec) === JSON.stringify(old.spec) && object.spec !== undefined
  const found = own.updateOnly || unchanged ? [] : (own.object?.(object) ?? [])
  const former = new Set(old.metadata.finalizers)
  const isNew = object.metadata.finalizers?.some((finalizer) => !former.has(finalizer))
  return [...(isNew ? checkFinalizers(object) : []), ...found, ...(own.update?.(object, old) ?? [])]
}

const standardFinalizers: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

/** Built-in kinds take standard finalizers and domain-qualified ones. */
function checkFinalizers(object: KubeObject): FieldError[] {
  const finalizers = object.metadata.finalizers ?? []
  return finalizers.flatMap((finalizer, index) => {
    if (finalizer.includes('/') || standardFinalizers.has(finalizer)) return []
    const detail = 'name is neither a standard finalizer name nor is it fully qualified'
    return [invalid(`metadata.finalizers[${index}]`, finalizer, detail)]
  })
}

function checkJobUpdate(object: Json, old: Json): readonly FieldError[] {
  const spec = field(old, 'spec')
  const isSuspended = spec.suspend === true && field(old, 'status').startTime === undefined
  const fixed = ['selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy']
  if (!isSuspended) fixed.push('template')
  if (spec.completionMode !== 'Indexed') fixed.push('completions')
  return [...checkUnchanged(object, old, ...fixed), ...checkElasticIndexes(field(object, 'spec'), spec)]
}

/** An indexed job grows and shrinks as a whole. */
function checkElasticIndexes({ completions, parallelism }: Json, before: Json): readonly FieldError[] {
  if (before.completionMode !== 'Indexed' || completions === before.completions) return []
  if (completions === undefined) return [] // the object's own checks refuse that
  const isTandem = completions === parallelism && before.completions === before.parallelism
  return isTandem
    ? []
    : [invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism')]
}

function checkDisruptionBudget(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  const { minAvailable: min, maxUnavailable: max } = spec
  const findings: FieldError[] = []
  if (min !== undefined && max !== undefined) {
    const shown = JSON.stringify({
      MinAvailable: min,
      Selector: spec.selector ?? null,
      MaxUnavailable: max,
      UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
    })
    findings.push(invalid('spec', verbatim(shown), 'minAvailable and maxUnavailable cannot be both set'))
  }
  for (const [name, value] of [
    ['minAvailable', min],
    ['maxUnavailable', max],
  ] as const) {
    findings.push(...checkAmount(value, `spec.${name}`), ...checkNotAboveAll(value, `spec.${name}`))
  }
  return [...findings, ...checkSelector(spec.selector, 'spec.selector')]
}
