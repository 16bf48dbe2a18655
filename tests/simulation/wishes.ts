import type { KubeObject } from '@millrace/kube'
import type { SeededRandom } from '@millrace/testkit'
import { namespace } from './installation.ts'

/** Numbers that tell every version of every model and image from every other: pods can be traced to what was asked for. */
export interface Versions {
  next(): number
}

export function createVersions(): Versions {
  let last = 0
  return { next: () => ++last }
}

type Quality = 'good' | 'bad'

export function modelUri(version: number, quality: Quality = 'good'): string {
  return `https://models.example/${quality === 'bad' ? 'missing/' : ''}v${version}/model`
}

export function serverImage(version: number, quality: Quality = 'good'): string {
  return `example/server-v${version}:${quality === 'bad' ? 'missing' : 'here'}`
}

type Fields = Record<string, unknown>

/** What a user writes of an InferenceService, as plain data. */
export interface Wish extends KubeObject {
  spec: Fields & { predictor: Fields; transformer?: Fields; explainer?: Fields; canary?: Fields[] }
}

export function predictorWish(random: SeededRandom, version: number, quality: Quality = 'good'): Fields {
  const storageUri = modelUri(version, quality)
  const format = (name: string): Fields => ({ model: { modelFormat: { name }, storageUri } })
  const form = random.pick<() => Fields>([
    () => format('sklearn'),
    () => format('sklearn'),
    () => format('xgboost'),
    () => format('lightgbm'),
    () => ({ sklearn: { storageUri } }),
    () => ({ containers: [serverContainer(version, quality)] }),
  ])()
  return { ...form, ...random.pick<Fields>([{}, {}, scaleWish(random)]) }
}

/** Bounds, with the corners that are easily taken for another: 0 is not unset. */
export function scaleWish(random: SeededRandom): Fields {
  return random.pick<Fields>([
    { minReplicas: 1 },
    { minReplicas: 2, maxReplicas: 3 },
    { minReplicas: 1, maxReplicas: 4, scaleTarget: 60, scaleMetric: 'cpu' },
    { minReplicas: 0, maxReplicas: 2 },
    { maxReplicas: 0 },
    { minReplicas: 3, maxReplicas: 3 },
  ])
}

export const cpuMetric: Fields = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
}

/** Needs an OpenTelemetry collector. */
export const podMetric: Fields = {
  type: 'PodMetric',
  podmetric: {
    metric: { backend: 'opentelemetry', metricNames: ['queue_length'], query: 'queue_length' },
    target: { type: 'Value', value: '4' },
  },
}

export function sideComponent(version: number, quality: Quality = 'good'): Fields {
  return { containers: [serverContainer(version, quality)], minReplicas: 1 }
}

export function serverContainer(version: number, quality: Quality = 'good'): Fields {
  return { name: 'kserve-container', image: serverImage(version, quality), ports: [{ containerPort: 8080 }] }
}

export function canaryWish(version: number, trafficPercent: number, quality: Quality = 'good'): Fields {
  return {
    trafficPercent,
    predictor: {
      name: 'canary',
      model: { modelFormat: { name: 'sklearn' }, storageUri: modelUri(version, quality) },
    },
  }
}

/** A model that is spread over several nodes, by a runtime that can and one that cannot. */
export function multiNodeWish(version: number, runtime?: string): Fields {
  const named = runtime === undefined ? {} : { runtime }
  return {
    model: { modelFormat: { name: 'spread' }, storageUri: claimUri(version), ...named },
    workerSpec: { pipelineParallelSize: 2 },
  }
}

/** A model where every node finds it. */
export function claimUri(version: number): string {
  return `pvc://models/v${version}/model`
}

export function serviceWish(name: string, predictor: Fields, annotations: Record<string, string> = {}): Wish {
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { namespace, name, annotations },
    spec: { predictor },
  }
}

export function graphWish(
  name: string,
  services: readonly string[],
  mode: 'Standard' | 'Knative' = 'Standard',
): KubeObject & { spec: Fields } {
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'InferenceGraph',
    metadata: { namespace, name, annotations: { 'serving.kserve.io/deploymentMode': mode } },
    spec: {
      nodes: { root: { routerType: 'Sequence', steps: services.map((serviceName) => ({ serviceName })) } },
    },
  }
}

/** Runtimes of the simulation's own: one that spreads a model over nodes, one of the same format that cannot. */
export function runtimeWish(name: string, format: string, version: number, withWorkers: boolean): KubeObject {
  const container = (containerName: string): Fields => ({ name: containerName, image: serverImage(version) })
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    metadata: { namespace, name },
    spec: {
      supportedModelFormats: [{ name: format, autoSelect: withWorkers }],
      containers: [container('kserve-container')],
      ...(withWorkers ? { workerSpec: { pipelineParallelSize: 2, containers: [container('worker-container')] } } : {}),
    },
  } as KubeObject
}
