import assert from 'node:assert/strict'
import test from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { render } from '@millrace/render'
import { offlineWorld, parseCapabilities } from '../src/offline-world.ts'
import { differingFields } from '../src/upgrade/differing-fields.ts'
import { previewUpgrade } from '../src/upgrade/preview.ts'

const none = parseCapabilities('none')

const service: KubeObject = {
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name: 'iris', namespace: 'team' },
  spec: { predictor: { model: { modelFormat: { name: 'sklearn' }, storageUri: 'gs://bucket/iris' } } },
}

function deployed(): KubeObject {
  const world = offlineWorld([{ object: service, positionOf: () => ({ file: 'x', line: 1, column: 1 }) }], 'team', none)
  const result = render(world.inputFor(service))
  assert.ok(result.ok)
  const deployment = result.objects.find((object) => object.kind === 'Deployment')
  assert.ok(deployment)
  return structuredClone(deployment)
}

test('a service that runs as it would be rendered stays as it is', () => {
  const live = deployed()
  const preview = previewUpgrade([service, live], none)
  assert.deepEqual(
    preview.services.map(({ service: name, outcome }) => [name, outcome]),
    [['InferenceService team/iris', 'same']],
  )
  assert.deepEqual(preview.objects, [])
})

test('a service whose pods would change rolls, and the fields are named with both values', () => {
  const live = JSON.parse(
    JSON.stringify(deployed()).replace('kserve/sklearnserver:latest', 'kserve/sklearnserver:v0.15'),
  )
  const [found] = previewUpgrade([service, live], none).services
  assert.equal(found?.outcome, 'rolls')
  assert.deepEqual(found?.changes, [
    {
      path: 'Deployment iris-predictor.spec.containers[kserve-container].image',
      from: 'kserve/sklearnserver:v0.15',
      to: 'kserve/sklearnserver:latest',
    },
  ])
})

test('an object that would be refused, and a version that would go, are told', () => {
  const wrong = {
    ...service,
    spec: { predictor: { model: { modelFormat: { name: 'sklearn' }, storageUrl: 'gs://b' } } },
  }
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'inferenceservices.serving.kserve.io' },
    spec: {
      versions: [
        { name: 'v1alpha2', served: true },
        { name: 'v1beta1', served: true },
      ],
    },
  }
  const preview = previewUpgrade([wrong, definition], none)
  assert.match(preview.objects[0]?.message ?? '', /storageUrl.*storageUri/)
  const told = preview.definitions.find(({ name }) => name === 'inferenceservices.serving.kserve.io')
  assert.match(told?.message ?? '', /no longer serve v1alpha2/)
})

test('defaults that a server fills in, other spellings of an amount and fields of others are no change', () => {
  const wanted = { replicas: 1, list: [{ name: 'a', cpu: '1' }], empty: '' }
  const live = { replicas: 1, list: [{ name: 'b' }, { name: 'a', cpu: '1000m', pullPolicy: 'Always' }], more: true }
  assert.deepEqual(differingFields(wanted, live), [])
  assert.deepEqual(
    differingFields({ list: [{ name: 'c', image: 'x' }] }, live).map(({ path }) => path),
    ['list[c].name', 'list[c].image'],
  )
})
