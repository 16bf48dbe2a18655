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

test('what KServe puts into pods only is told from what changes, where pods are given', () => {
  const whole = deployed()
  const template = Object(whole.spec).template
  const withoutInit = { ...template, spec: { ...template.spec, initContainers: undefined } }
  const live = { ...whole, spec: { ...Object(whole.spec), template: withoutInit } }
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name: 'iris-1', namespace: 'team' },
    spec: template.spec,
  }
  const [alone] = previewUpgrade([service, live], none).services
  assert.equal(alone?.outcome, 'rolls')
  assert.match(alone?.why ?? '', /^1 field of its pods would change, or fewer/)
  assert.deepEqual(
    alone?.changes.map(({ path, from }) => [path, from]),
    [['Deployment iris-predictor.spec.initContainers', undefined]],
  )
  const [beside] = previewUpgrade([service, live, pod], none).services
  assert.deepEqual([beside?.outcome, beside?.changes], ['rolls', []])
  assert.match(beside?.why ?? '', /^once, to pods of the same content/)
})

test('a graph whose service is not ready waits, and is not refused', () => {
  const graph: KubeObject = {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'InferenceGraph',
    metadata: { name: 'graph', namespace: 'team' },
    spec: { nodes: { root: { routerType: 'Sequence', steps: [{ serviceName: 'iris' }] } } },
  }
  const found = previewUpgrade([service, graph], none).services.find(({ service: name }) => name.includes('graph'))
  assert.equal(found?.outcome, 'waits')
})

test('an object that would be refused, a version and fields that would go, are told', () => {
  const wrong = {
    ...service,
    spec: { predictor: { model: { modelFormat: { name: 'sklearn' }, storageUrl: 'gs://b' } } },
  }
  const typed = (properties: object) => ({ type: 'object', properties })
  const explainer = typed({ art: typed({ type: { type: 'string' } }), alibi: typed({ type: { type: 'string' } }) })
  const openAPIV3Schema = typed({ spec: typed({ explainer }), metadata: { type: 'object' } })
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'inferenceservices.serving.kserve.io' },
    spec: {
      versions: [
        { name: 'v1alpha2', served: true },
        { name: 'v1beta1', served: true, schema: { openAPIV3Schema } },
      ],
    },
  }
  const preview = previewUpgrade([wrong, definition], none)
  assert.match(preview.objects[0]?.message ?? '', /storageUrl.*storageUri/)
  const told = preview.definitions.find(({ name }) => name === 'inferenceservices.serving.kserve.io')
  assert.deepEqual(told?.lostVersions, ['v1alpha2'])
  assert.deepEqual(told?.droppedFields, ['v1beta1 spec.explainer.alibi'])
  assert.match(told?.message ?? '', /no longer serve v1alpha2: move clients first; .*no longer have v1beta1 spec\.expl/)
})

test('defaults that a server fills in, other spellings of an amount and fields of others are no change', () => {
  const wanted = { replicas: 1, list: [{ name: 'a', cpu: '1' }], empty: '' }
  const live = { replicas: 1, list: [{ name: 'b' }, { name: 'a', cpu: '1000m', pullPolicy: 'Always' }], more: true }
  assert.deepEqual(differingFields(wanted, live), [])
  assert.deepEqual(
    differingFields({ list: [{ name: 'c', image: 'x' }] }, live).map(({ path }) => path),
    ['list[c]'],
  )
})
