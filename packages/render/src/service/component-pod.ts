import type { ComponentSpec, Container, PodSpec, PredictorSpec } from '@millrace/api'
import type { Deploying } from '../plan.ts'

/** Fields of a component that are ours; all others are the pod's. */
const ownFields = new Set([
  'minReplicas',
  'maxReplicas',
  'scaleTarget',
  'scaleMetric',
  'scaleMetricType',
  'autoScaling',
  'containerConcurrency',
  'timeout',
  'canaryTrafficPercent',
  'logger',
  'batcher',
  'labels',
  'annotations',
  'deploymentStrategy',
  'storageUris',
  'storageContainerName',
  'model',
  'sklearn',
  'xgboost',
  'tensorflow',
  'pytorch',
  'triton',
  'onnx',
  'huggingface',
  'pmml',
  'lightgbm',
  'paddle',
  'workerSpec',
  'name',
  'art',
  'pipelineParallelSize',
  'tensorParallelSize',
])

/** The pod fields of a component, without our own. */
export function podFieldsOf(component: object): Partial<PodSpec> {
  return Object.fromEntries(Object.entries(component).filter(([field]) => !ownFields.has(field)))
}

/** Fields of a model server that are ours; all others are the container's. */
const serverFields = new Set([
  'modelFormat',
  'runtime',
  'storageUri',
  'storage',
  'protocolVersion',
  'runtimeVersion',
  'confidential',
  'type',
  'config',
])

/** The container fields of a model server or ART explainer, without our own. */
export function containerFieldsOf(server: object): Partial<Container> {
  return Object.fromEntries(Object.entries(server).filter(([field]) => !serverFields.has(field)))
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
