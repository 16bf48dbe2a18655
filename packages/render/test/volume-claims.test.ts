import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig, shippedConfig, shippedRuntimes } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { emptyWorld, knativeAutoscaler, render, type RenderResult } from '../src/index.ts'

function renderWith(storageUris: readonly object[]): RenderResult {
  const service = {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { namespace: 'default', name: 'iris', uid: 'u' },
    spec: { predictor: { model: { modelFormat: { name: 'sklearn' } }, storageUris } },
  }
  return render({
    service,
    world: { ...emptyWorld, objects: shippedRuntimes as unknown as readonly KubeObject[] },
    children: [],
    config: parseConfig(shippedConfig).config,
    capabilities: { knative: false, istio: false, gatewayApi: false, keda: false, otel: false, imageVolume: false },
    knative: { autoscaler: knativeAutoscaler({}).autoscaler, domains: [] },
    controllerNamespace: 'kserve',
  })
}

const claim = (name: string, mountPath: string) => ({ uri: `pvc://${name}/model`, mountPath })

test('two volume claims at one path are refused whole, also where no admission has seen them', () => {
  const result = renderWith([claim('one', '/mnt/models'), claim('other', '/mnt/models')])
  assert.equal(result.ok, false)
  assert.match(result.ok ? '' : result.problem.message, /Two volume claims would be mounted at "\/mnt\/models"/)
})

test('volume claims at paths of their own are mounted', () => {
  const result = renderWith([claim('one', '/mnt/models/one'), claim('other', '/mnt/models/other')])
  assert.equal(result.ok, true)
})
