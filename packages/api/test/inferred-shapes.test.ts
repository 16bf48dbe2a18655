import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InferenceGraph, InferenceService, PodSpec, ServingRuntime, TrainedModel } from '@millrace/api'

interface AnyObject {
  apiVersion: string
  kind: string
  metadata: { name?: string; labels?: Record<string, string> }
  [field: string]: unknown
}

test('the types inferred from the schema are those of the wire', () => {
  const service: InferenceService = {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { name: 'iris' },
    spec: {
      predictor: {
        minReplicas: 1,
        scaleMetric: 'cpu',
        logger: { mode: 'all' },
        containers: [{ name: 'a', env: [{ name: 'A', value: 'b' }] }],
        sklearn: { storageUri: 'pvc://models' },
        model: { modelFormat: { name: 'sklearn' }, resources: { limits: { cpu: '1' } } },
        workerSpec: { pipelineParallelSize: 2, containers: [{ name: 'w' }] },
      },
      canary: [{ trafficPercent: 10, predictor: { name: 'c' } }],
    },
  }
  const anyObject: AnyObject = service
  const replicas: number | undefined = service.spec.predictor.minReplicas
  const mode: 'all' | 'request' | 'response' | undefined = service.spec.predictor.logger?.mode
  const format: string | undefined = service.spec.predictor.model?.modelFormat?.name
  const pod: Partial<PodSpec> = service.spec.predictor
  const objects: readonly AnyObject[] = [] as (ServingRuntime | InferenceGraph | TrainedModel)[]
  // @ts-expect-error an unknown field is refused
  const unknown: unknown = service.spec.predictor.nonsense
  // @ts-expect-error so is another value of an enumeration
  const wrong: 'sum' | undefined = service.spec.predictor.logger?.mode
  assert.deepEqual(
    [anyObject.kind, replicas, mode, format, pod.containers?.length, objects.length, wrong, unknown],
    ['InferenceService', 1, 'all', 'sklearn', 1, 0, 'all', undefined],
  )
})
