import { containerFields, runtimePodFields } from '../schema/pod.ts'
import { keepsWorkers, someContainer } from '../schema/runtime-rules.ts'
import { but, flag, type Infer, int32, integer, list, object, text, textMap } from '../schema/schema.ts'
import { parallelSizes } from '../schema/worker.ts'
import { ageColumn, type KindSource, type PrinterColumn, type VersionSource } from './kind-source.ts'
import type { ServingObject } from './object-meta.ts'

const runtimeFields = {
  ...runtimePodFields,
  labels: textMap('Labels for the pods.'),
  annotations: textMap('Annotations for the pods.'),
}

const workerSpec = object(
  'The worker pods of a runtime that spreads one model over several nodes.',
  {
    ...runtimeFields,
    ...parallelSizes,
  },
  ['containers'],
)

const supportedModelFormat = object(
  'One format.',
  {
    name: text('Name of the format.'),
    version: text('Version of the format. Unset: any.'),
    autoSelect: flag('Whether a service may get this runtime without naming it.'),
    priority: int32('Among runtimes that fit, the highest wins.', { minimum: 1 }),
  },
  ['name'],
)

const spec = but(
  object(
    'How to run a model server.',
    {
      ...runtimeFields,
      supportedModelFormats: list('The model formats that the server reads.', supportedModelFormat),
      protocolVersions: list(
        'The protocols that the server speaks; v1 if unset.',
        text('`v1`, `v2`, `grpc-v1` or `grpc-v2`.'),
      ),
      disabled: flag('Whether new services may not use it.'),
      multiModel: flag('Whether the server holds many models, loaded while it runs.'),
      workerSpec,
      replicas: integer('How many pods, where the runtime is deployed on its own (multi-model).'),
      grpcEndpoint: text('Where the multi-model management protocol is served.'),
      grpcDataEndpoint: text('Where gRPC inference is served, if not at the first container port.'),
      httpDataEndpoint: text('Where HTTP inference is served, if not at the first container port.'),
      storageHelper: object('The helper that fetches models for a multi-model server.', {
        disabled: flag('Whether the server fetches models itself.'),
      }),
      builtInAdapter: object('The adapter that teaches a server the multi-model management protocol.', {
        serverType: text('The server, such as `triton` or `mlserver`.'),
        runtimeManagementPort: integer("Port of the server's own management interface."),
        memBufferBytes: integer('Memory to leave unused, in bytes.'),
        modelLoadingTimeoutMillis: integer('Longest that loading a model may take, in milliseconds.'),
        // KServe's schema lets one name stand twice here.
        env: but(containerFields.env, { listType: 'atomic' }),
      }),
    },
    ['containers'],
  ),
  { rules: [someContainer, keepsWorkers] },
)

const status = object('Nothing yet.', {})

const printerColumns: readonly PrinterColumn[] = [
  { name: 'Disabled', type: 'boolean', jsonPath: '.spec.disabled' },
  { name: 'ModelType', type: 'string', jsonPath: '.spec.supportedModelFormats[*].name' },
  { name: 'Containers', type: 'string', jsonPath: '.spec.containers[*].name' },
  ageColumn,
]

const version: VersionSource = {
  name: 'v1alpha1',
  served: true,
  storage: true,
  fields: { spec, status },
  required: ['spec'],
  statusSubresource: false,
  printerColumns,
}

export interface ServingRuntimeSpec extends Infer<typeof spec> {}
export interface RuntimeWorkerSpec extends Infer<typeof workerSpec> {}
export interface SupportedModelFormat extends Infer<typeof supportedModelFormat> {}

export type ServingRuntime = ServingObject<'ServingRuntime', 'v1alpha1', ServingRuntimeSpec>
export type ClusterServingRuntime = ServingObject<'ClusterServingRuntime', 'v1alpha1', ServingRuntimeSpec>

export const servingRuntime: KindSource = {
  kind: 'ServingRuntime',
  plural: 'servingruntimes',
  singular: 'servingruntime',
  shortNames: [],
  categories: ['kserve'],
  namespaced: true,
  installGroup: 'core',
  description: 'A model server that services of this namespace may run on.',
  versions: [version],
}

export const clusterServingRuntime: KindSource = {
  ...servingRuntime,
  kind: 'ClusterServingRuntime',
  plural: 'clusterservingruntimes',
  singular: 'clusterservingruntime',
  namespaced: false,
  description: 'A model server that services of every namespace may run on.',
}
