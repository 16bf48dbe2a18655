import { labels, resources as serving } from '@millrace/api'
import { type InformerOptions, type KubeObject, leanFor, type Resource, resources } from '@millrace/kube'
import { childKinds } from '@millrace/render'
import { fieldManager } from './field-manager.ts'

/** A resource that is followed as long as the cluster serves it. */
export interface WatchedKind {
  /** Unique: pods are followed twice, by different labels. */
  readonly id: string
  readonly resource: Resource
  readonly informer: InformerOptions
  /** Of ours to look after, ours to make, or only read. */
  readonly role: 'primary' | 'child' | 'pod' | 'read'
  /** A capability tells whether it is there. */
  readonly isOptional?: boolean
  /** Looked for in all namespaces, also by who serves some of them only. */
  readonly isClusterWide?: boolean
  /** Followed in the controller's own namespace too: the configuration names some that are there. */
  readonly isOwnToo?: boolean
}

/** The kinds that the loop looks after. A further kind is a row here, and a front end in the renderer. */
export const primaryResources: readonly Resource[] = [
  serving.inferenceServices,
  serving.inferenceGraphs,
  serving.trainedModels,
]

const readResources: readonly Resource[] = [
  serving.servingRuntimes,
  serving.clusterServingRuntimes,
  serving.clusterStorageContainers,
  serving.localModelCaches,
  serving.localModelNamespaceCaches,
]

export const ownerIndex = 'owner'
/** Pods by `namespace/name` of what they belong to. */
export const podIndex = 'belongs to'

/** Everything that reconciling reads. Built anew for each controller: transforms hold memory of their own. */
export function watchedKinds(): readonly WatchedKind[] {
  const lean = leanFor(fieldManager)
  const child: InformerOptions = {
    indexers: { [ownerIndex]: ownerUids },
    transform: (object) => (ownerUids(object).length > 0 ? lean(object) : nameOnly(object)),
    keptSmall: true,
  }
  // Few ConfigMaps are ours and many are large: their names are followed, and what is needed is read.
  const namesOnly = { ...metadataOnly, indexers: { [ownerIndex]: ownerUids } }
  const configMaps = { ...row(resources.configMaps, 'child', namesOnly), isOwnToo: true }
  return [
    ...primaryResources.map((resource) => row(resource, 'primary', { keptSmall: true })),
    ...readResources.map((resource) => row(resource, 'read', {})),
    ...childKinds.map(({ needs, ...resource }) =>
      resource.kind === 'ConfigMap'
        ? configMaps
        : { ...row(resource, 'child', child), ...(needs !== undefined && { isOptional: true }) },
    ),
    row(resources.serviceAccounts, 'read', { transform: serviceAccountOnly }),
    row(resources.secrets, 'read', metadataOnly),
    { ...row(knativeServings, 'read', {}), isClusterWide: true },
    podRow('service pods', labels.inferenceService),
    podRow('graph pods', labels.inferenceGraph),
  ]
}

/** The Knative operator's settings, where it runs Knative. */
export const knativeServings: Resource = {
  group: 'operator.knative.dev',
  version: 'v1beta1',
  plural: 'knativeservings',
  kind: 'KnativeServing',
  namespaced: true,
}

export function kindId(group: string, kind: string): string {
  return `${kind}.${group}`
}

const metadataOnly: InformerOptions = { metadataOnly: true }

function row(resource: Resource, role: WatchedKind['role'], informer: InformerOptions): WatchedKind {
  return { id: kindId(resource.group, resource.kind), resource, role, informer }
}

function podRow(id: string, label: string): WatchedKind {
  const belongsTo = ({ metadata }: KubeObject) => [`${metadata.namespace}/${metadata.labels?.[label]}`]
  const informer = { labelSelector: label, transform: podOnly, keptSmall: true, indexers: { [podIndex]: belongsTo } }
  return { ...row(resources.pods, 'pod', informer), id }
}

/** The label by which such pods name what they belong to, and its kind. */
export function podLabelOf(kind: WatchedKind): { readonly label: string; readonly kind: string } {
  return kind.id === 'graph pods'
    ? { label: labels.inferenceGraph, kind: 'InferenceGraph' }
    : { label: labels.inferenceService, kind: 'InferenceService' }
}

function ownerUids(object: KubeObject): readonly string[] {
  return (object.metadata.ownerReferences ?? []).flatMap(({ apiVersion, uid }) =>
    apiVersion.startsWith('serving.kserve.io/') ? [uid] : [],
  )
}

/** Of what isn't ours we know that it is there. */
function nameOnly<T extends KubeObject>(object: T): T {
  const { name, namespace, uid, resourceVersion, ownerReferences } = object.metadata
  const metadata = {
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(ownerReferences && { ownerReferences }),
  }
  return { apiVersion: object.apiVersion, kind: object.kind, metadata } as T
}

/** What a status is made of; a pod's spec is the Deployment's, once more. */
function podOnly<T extends KubeObject>(object: T): T {
  const { managedFields: _, annotations: __, ...metadata } = object.metadata
  const status: unknown = object['status']
  const { phase, reason, message, conditions, containerStatuses, initContainerStatuses } = Object(status)
  const kept = { phase, reason, message, conditions, containerStatuses, initContainerStatuses }
  return { apiVersion: object.apiVersion, kind: object.kind, metadata, status: kept } as unknown as T
}

function serviceAccountOnly<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata
  const { secrets, imagePullSecrets } = object
  return { apiVersion: object.apiVersion, kind: object.kind, metadata, secrets, imagePullSecrets } as unknown as T
}
