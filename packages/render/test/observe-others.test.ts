import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { profiles } from './golden/cases.ts'
import { converge, create, type MemoryCluster, startCluster } from './golden/memory-cluster.ts'
import { installed } from './golden/replay.ts'

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

function play(profile: string, ...objects: readonly object[]): MemoryCluster {
  const found = profiles.profiles[profile]
  assert.ok(found)
  const cluster = startCluster(
    { case: '', topic: '', profile, namespace: 'ns', configOverrides: {}, input: [] },
    found,
    installed,
  )
  for (const object of objects) assert.deepEqual(create(cluster, object as KubeObject), { ok: true })
  converge(cluster)
  return cluster
}

function status(cluster: MemoryCluster, kind: string): Record<string, unknown> {
  return Object(cluster.objects.find((object) => object.kind === kind)?.['status'])
}

function condition(cluster: MemoryCluster, kind: string, type: string): Condition {
  const all = (status(cluster, kind)['conditions'] ?? []) as readonly Condition[]
  return all.find((one) => one.type === type) ?? { type, status: 'absent' }
}

/** Plays a service's own controller or a Deployment's. */
function setReady(cluster: MemoryCluster, isReady: boolean): void {
  const deployment = cluster.children.get('Deployment.apps/dep-predictor')
  const available = { type: 'Available', status: isReady ? 'True' : 'False', message: 'no pods' }
  const conditions = [available]
  if (deployment) {
    const generation = deployment.metadata.generation
    const observed = { observedGeneration: generation, availableReplicas: isReady ? 1 : 0, conditions }
    cluster.children.set('Deployment.apps/dep-predictor', { ...deployment, status: observed })
  }
  const router = cluster.children.get('Deployment.apps/graph')
  const ready = { observedGeneration: router?.metadata.generation, conditions: [{ type: 'Available', status: 'True' }] }
  if (router) cluster.children.set('Deployment.apps/graph', { ...router, status: ready })
  converge(cluster)
}

const model = { modelFormat: { name: 'sklearn' }, storageUri: 's3://b/m' }
const service = {
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name: 'dep' },
  spec: { predictor: { model } },
}
const graph = {
  apiVersion: 'serving.kserve.io/v1alpha1',
  kind: 'InferenceGraph',
  metadata: { name: 'graph' },
  spec: { nodes: { root: { routerType: 'Sequence', steps: [{ name: 'a', serviceName: 'dep' }] } } },
}

test('a graph is ready when its router and the services of its steps are, and says which is not', () => {
  const cluster = play('standard-ingress', service, graph)
  assert.equal(condition(cluster, 'InferenceGraph', 'Ready').reason, 'ServiceNotReady')
  setReady(cluster, true)
  setReady(cluster, true)
  assert.equal(condition(cluster, 'InferenceGraph', 'Ready').status, 'True')
  const { url } = status(cluster, 'InferenceGraph')
  assert.ok(url)
  setReady(cluster, false)
  const ready = condition(cluster, 'InferenceGraph', 'Ready')
  assert.equal(ready.status, 'False')
  assert.match(ready.message ?? '', /^Service "dep" of step root\.steps\[0\] is not ready \(.*no pods\): the graph is/)
  assert.equal(status(cluster, 'InferenceGraph')['url'], url, 'it is still called there')
  assert.ok(cluster.children.has('Deployment.apps/graph'), 'what serves is left alone')
})

test('a graph whose router cannot start says why', () => {
  const url = { routerType: 'Sequence', steps: [{ name: 'a', serviceUrl: 'http://a' }] }
  const cluster = play('standard-ingress', { ...graph, spec: { nodes: { root: url } } })
  const waiting = { reason: 'ErrImagePull', message: 'not found' }
  cluster.pods.push({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'graph-x', namespace: 'ns', labels: { 'serving.kserve.io/inferencegraph': 'graph' } },
    status: { containerStatuses: [{ name: 'graph', state: { waiting } }] },
  })
  converge(cluster)
  assert.match(condition(cluster, 'InferenceGraph', 'Ready').message ?? '', /image of container "graph" cannot be had/)
})

test('a TrainedModel of a format that its runtime does not read is not supported', () => {
  const host = {
    ...service,
    spec: {
      predictor: {
        model: {
          modelFormat: { name: 'sklearn' },
          runtime: 'kserve-sklearnserver',
          resources: { limits: { memory: '4Gi' } },
        },
      },
    },
  }
  const trained = (framework: string) => ({
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'TrainedModel',
    metadata: { name: 'tm' },
    spec: { inferenceService: 'dep', model: { framework, memory: '1Gi', storageUri: 's3://b/tm' } },
  })
  const right = play('knative', host, trained('sklearn'))
  assert.equal(condition(right, 'TrainedModel', 'FrameworkSupported').status, 'True')
  const wrong = play('knative', host, trained('paddle'))
  const found = condition(wrong, 'TrainedModel', 'FrameworkSupported')
  assert.deepEqual([found.status, found.reason], ['False', 'FrameworkNotSupported'])
  assert.match(found.message ?? '', /does not read "paddle": set spec\.model\.framework to one of sklearn/)
})

test('a canary says how its own model loads', () => {
  const predictor = { name: 'main', minReplicas: 2, model }
  const canary = [{ trafficPercent: 20, predictor: { name: 'green', model: { ...model, storageUri: 's3://b/new' } } }]
  const cluster = play('standard-gateway', { ...service, spec: { predictor, canary } })
  const labels = { app: 'isvc.dep-green-predictor', 'serving.kserve.io/inferenceservice': 'dep' }
  const terminated = { reason: 'Error', exitCode: 1, message: 'no such bucket' }
  cluster.pods.push({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'green-x', namespace: 'ns', labels },
    status: { initContainerStatuses: [{ name: 'storage-initializer', state: { terminated } }] },
  })
  converge(cluster)
  const [green] = status(cluster, 'InferenceService')['canaryStatuses'] as readonly { readonly modelStatus: object }[]
  assert.equal(Object(green?.modelStatus).transitionStatus, 'BlockedByFailedLoad')
  assert.match(
    condition(cluster, 'InferenceService', 'CanaryPredictorReady').message ?? '',
    /green \(green failed: no such bucket\)/,
  )
})

for (const [component, type, ready] of [
  ['explainer', 'ExplainerReady', 'True'],
  ['transformer', 'TransformerReady', 'False'],
] as const) {
  test(`in Knative mode a later ${component} that fails says so, and Ready is ${ready}`, () => {
    const cluster = play('knative', service)
    const set = (name: string, status: 'True' | 'False', message: string) => {
      const key = `Service.serving.knative.dev/dep-${name}`
      const live = cluster.children.get(key)
      assert.ok(live, key)
      const conditions = ['Ready', 'ConfigurationsReady', 'RoutesReady'].map((one) => ({ type: one, status, message }))
      const url = `http://dep-${name}.ns.example.com`
      const observed = { observedGeneration: live.metadata.generation, conditions, url }
      cluster.children.set(key, { ...live, status: observed })
      converge(cluster)
    }
    set('predictor', 'True', '')
    assert.equal(condition(cluster, 'InferenceService', 'Ready').status, 'True')
    const { url } = status(cluster, 'InferenceService')
    const changed = cluster.objects.find(({ kind }) => kind === 'InferenceService')
    assert.ok(changed)
    const containers = [{ name: 'kserve-container', image: 'example/later' }]
    Object.assign(changed, { spec: { ...Object(changed['spec']), [component]: { containers } } })
    converge(cluster)
    set(component, 'False', 'Revision "dep-00001" failed with message: it crashed.')
    assert.equal(condition(cluster, 'InferenceService', 'Ready').status, ready)
    assert.equal(status(cluster, 'InferenceService')['url'], url)
    const own = condition(cluster, 'InferenceService', type)
    assert.equal(own.status, 'False')
    assert.match(own.message ?? '', /it crashed/)
    assert.equal(condition(cluster, 'InferenceService', 'LatestDeploymentReady').status, 'False')
  })
}
