import { type Infer, integer, kubernetesObject, list, map, object, oneOf, quantity, text } from '../schema/schema.ts'
import { unchanged } from '../schema/form-rules.ts'
import { cacheStorage } from '../schema/storage.ts'
import type { KindSource } from './kind-source.ts'
import type { ServingObject } from './object-meta.ts'

const user = object('One service.', { name: text('Its name.'), namespace: text('Its namespace.') })

export const nodeStates = [
  '',
  'NodeNotReady',
  'NodeDownloadPending',
  'NodeDownloading',
  'NodeDownloaded',
  'NodeDownloadError',
] as const

const cacheSpec = object(
  'A model to keep on nodes.',
  {
    sourceModelUri: text('Where the model comes from. Cannot be changed.', {
      rules: [unchanged('make another cache')],
    }),
    modelSize: quantity('How much room it needs.'),
    nodeGroups: list('The LocalModelNodeGroups on whose nodes it is kept.', text('Name of a group.'), { minItems: 1 }),
    serviceAccountName: text('Service account of the jobs that fetch it.'),
    storage: cacheStorage,
  },
  ['sourceModelUri', 'modelSize', 'nodeGroups'],
)

const cacheStatus = object('Where the model is.', {
  nodeStatus: map('The state by node.', oneOf('The state.', nodeStates)),
  copies: object('How many nodes have it.', {
    total: integer('Nodes that shall have it.'),
    available: integer('Nodes that have it.'),
    failed: integer('Nodes that could not fetch it.'),
  }),
  inferenceServices: list('The InferenceServices that use it.', user),
  llmInferenceServices: list('The LLMInferenceServices that use it.', user),
})

export const modelOnNodeStates = [
  '',
  'ModelDownloadPending',
  'ModelDownloading',
  'ModelDownloaded',
  'ModelDownloadError',
] as const

const nodeSpec = object(
  'What this node shall hold.',
  {
    localModels: list(
      'The models.',
      object(
        'One model.',
        {
          modelName: text('Name of its cache.'),
          sourceModelUri: text('Where it comes from.'),
          namespace: text('Namespace of its cache; unset for a LocalModelCache.'),
          nodeGroup: text('The node group it came by.'),
          serviceAccountName: text('Service account of the job that fetches it.'),
          storage: cacheStorage,
        },
        ['modelName', 'sourceModelUri'],
      ),
    ),
  },
  ['localModels'],
)

const nodeStatus = object('What this node holds.', {
  modelStatus: map('The state by model.', oneOf('The state.', modelOnNodeStates)),
})

const groupSpec = object(
  'Nodes that keep models in the same way.',
  {
    storageLimit: quantity('Room for models on each node.'),
    persistentVolumeSpec: kubernetesObject('PersistentVolumeSpec', {
      description: 'The volume on each node. Its node affinity names the nodes.',
    }),
    persistentVolumeClaimSpec: kubernetesObject('PersistentVolumeClaimSpec', {
      description: 'The claim for that volume, made in the namespaces that use a model.',
    }),
  },
  ['storageLimit', 'persistentVolumeSpec', 'persistentVolumeClaimSpec'],
)

const groupStatus = object('Room on the nodes.', {
  used: quantity('Room in use.'),
  available: quantity('Room left.'),
})

export interface LocalModelCacheSpec extends Infer<typeof cacheSpec> {}
export interface LocalModelCacheStatus extends Infer<typeof cacheStatus> {}
export interface LocalModelNodeSpec extends Infer<typeof nodeSpec> {}
export interface LocalModelNodeStatus extends Infer<typeof nodeStatus> {}
export interface LocalModelNodeGroupSpec extends Infer<typeof groupSpec> {}
export interface LocalModelNodeGroupStatus extends Infer<typeof groupStatus> {}

export type LocalModelCache = ServingObject<'LocalModelCache', 'v1alpha1', LocalModelCacheSpec, LocalModelCacheStatus>
export type LocalModelNamespaceCache = ServingObject<
  'LocalModelNamespaceCache',
  'v1alpha1',
  LocalModelCacheSpec,
  LocalModelCacheStatus
>
export type LocalModelNode = ServingObject<'LocalModelNode', 'v1alpha1', LocalModelNodeSpec, LocalModelNodeStatus>
export type LocalModelNodeGroup = ServingObject<
  'LocalModelNodeGroup',
  'v1alpha1',
  LocalModelNodeGroupSpec,
  LocalModelNodeGroupStatus
>

const cache = {
  shortNames: [],
  categories: ['kserve'],
  installGroup: 'local-model',
  versions: [
    {
      name: 'v1alpha1',
      served: true,
      storage: true,
      fields: { spec: cacheSpec, status: cacheStatus },
      required: ['spec'],
      statusSubresource: true,
      printerColumns: [],
    },
  ],
} as const

export const localModelCache: KindSource = {
  ...cache,
  kind: 'LocalModelCache',
  plural: 'localmodelcaches',
  singular: 'localmodelcache',
  namespaced: false,
  description: 'A model kept on nodes, for services of every namespace.',
}

export const localModelNamespaceCache: KindSource = {
  ...cache,
  kind: 'LocalModelNamespaceCache',
  plural: 'localmodelnamespacecaches',
  singular: 'localmodelnamespacecache',
  namespaced: true,
  description: 'A model kept on nodes, for services of this namespace.',
}

export const localModelNode: KindSource = {
  kind: 'LocalModelNode',
  plural: 'localmodelnodes',
  singular: 'localmodelnode',
  shortNames: [],
  categories: ['kserve'],
  namespaced: false,
  installGroup: 'local-model',
  description: 'What one node shall hold and holds. Written by the controller.',
  versions: [
    {
      name: 'v1alpha1',
      served: true,
      storage: true,
      fields: { spec: nodeSpec, status: nodeStatus },
      required: ['spec'],
      statusSubresource: true,
      printerColumns: [],
    },
  ],
}

export const localModelNodeGroup: KindSource = {
  kind: 'LocalModelNodeGroup',
  plural: 'localmodelnodegroups',
  singular: 'localmodelnodegroup',
  shortNames: [],
  categories: ['kserve'],
  namespaced: false,
  installGroup: 'local-model',
  description: 'Nodes that keep models, and the volumes they keep them on.',
  versions: [
    {
      name: 'v1alpha1',
      served: true,
      storage: true,
      fields: { spec: groupSpec, status: groupStatus },
      required: ['spec'],
      statusSubresource: false,
      printerColumns: [],
    },
  ],
}
