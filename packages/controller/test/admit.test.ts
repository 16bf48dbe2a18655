import assert from 'node:assert/strict'
import test from 'node:test'
import { resources as serving } from '@millrace/api'
import { type KubeObject, resources } from '@millrace/kube'
import { knativeService } from './memory-cluster.ts'
import { service } from './run-controller.ts'
import { ask, local, serve } from './served-webhook.ts'

const knative = { 'serving.kserve.io/deploymentMode': 'Knative' }
const initialKey = 'autoscaling.knative.dev/initial-scale'

function graph(nodes: object, spec: object = {}, annotations: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'InferenceGraph',
    metadata: { namespace: 'default', name: 'graph', annotations },
    spec: { nodes, ...spec },
  }
}

const root = { root: { routerType: 'Sequence', steps: [{ name: 'a', serviceUrl: 'http://a.example' }] } }

async function served(t: Parameters<typeof serve>[0], settings: Record<string, string> = {}) {
  const { cluster, registration } = await serve(t, local)
  cluster.install(knativeService)
  cluster.put(resources.configMaps, {
    metadata: { namespace: 'knative-serving', name: 'config-autoscaler' },
    data: settings,
  })
  await new Promise((resolve) => setTimeout(resolve, 150))
  const review = (object: KubeObject, oldObject?: KubeObject) =>
    ask(registration().clientConfig, oldObject ? { operation: 'UPDATE', object, oldObject } : { object })
  return { cluster, review }
}

test('a maximum over the limit of the cluster is refused, what had it before is told', async (t) => {
  const { review } = await served(t, { 'max-scale-limit': '5' })
  const over = service('iris', { maxReplicas: 9 }, knative)
  const refused = await review(over)
  assert.equal(refused.allowed, false)
  assert.match(refused.status?.message ?? '', /^spec\.predictor\.maxReplicas: .* is 9, over .*max-scale-limit of 5/)
  const changed = await review(service('iris', { maxReplicas: 9, timeout: 5 }, knative), over)
  assert.equal(changed.allowed, true)
  assert.match(changed.warnings?.join() ?? '', /over the cluster's max-scale-limit/)
  assert.equal((await review(service('iris', { maxReplicas: 8 }, knative), over)).allowed, false)
  assert.equal((await review(service('iris', { maxReplicas: 5 }, knative), over)).allowed, true)
  assert.equal((await review(graph(root, { maxReplicas: 9 }, knative))).allowed, false, 'graphs alike')
  assert.equal((await review(graph(root, { maxReplicas: 0 }, knative))).allowed, false, 'no limit is over it')
  assert.equal((await review(graph(root, {}, knative))).allowed, true)
})

test('an initial scale of 0 is told where the cluster does not allow it', async (t) => {
  const { cluster, review } = await served(t)
  const zero = service('iris', {}, { ...knative, [initialKey]: '0' })
  for (const object of [zero, graph(root, { minReplicas: 0 }, knative)]) {
    const told = await review(object)
    assert.equal(told.allowed, true)
    assert.match(told.warnings?.join() ?? '', /^The initial scale is 1, because the cluster does not allow 0: /)
  }
  cluster.put(resources.configMaps, {
    metadata: { namespace: 'knative-serving', name: 'config-autoscaler' },
    data: { 'allow-zero-initial-scale': 'true' },
  })
  await new Promise((resolve) => setTimeout(resolve, 150))
  assert.deepEqual((await review(zero)).warnings ?? [], [])
})

test('scale annotations that are no numbers, or above the maximum, are refused on services, components and graphs', async (t) => {
  const { review } = await served(t)
  const many = { [initialKey]: 'many' }
  for (const [object, message] of [
    [service('iris', {}, { ...knative, ...many }), /^metadata\.annotations.*"many" is no number of replicas/],
    [service('iris', { annotations: many }, knative), /^spec\.predictor\.annotations.*"many" is no number/],
    [graph(root, {}, { ...knative, ...many }), /^metadata\.annotations.*"many" is no number/],
    [service('iris', { maxReplicas: 3 }, { ...knative, [initialKey]: '4' }), /is 4, more than the maximum of 3/],
    [graph(root, { minReplicas: 3, maxReplicas: 2 }, knative), /spec\.minReplicas: is 3, more than maxReplicas/],
  ] as const) {
    const answer = await review(object)
    assert.equal(answer.allowed, false)
    assert.match(answer.status?.message ?? '', message)
  }
})

test('a graph that cannot route is refused; a service that is yet to come is told', async (t) => {
  const { cluster, review } = await served(t)
  const step = (fields: object) => ({ root: { routerType: 'Sequence', steps: [fields] } })
  for (const [nodes, message] of [
    [step({ name: 'a', nodeName: 'root' }), /leads in a circle: root → root/],
    [step({ name: 'a', nodeName: 'nowhere' }), /there is no node "nowhere"/],
    [{ root: { routerType: 'Splitter', steps: [{ serviceUrl: 'http://a', weight: 30 }] } }, /weights are 30 together/],
    [step({ name: 'a', serviceUrl: 'http://a', condition: '[@this]#(a.b==' }), /condition/],
  ] as const) {
    const answer = await review(graph(nodes))
    assert.equal(answer.allowed, false, JSON.stringify(nodes))
    assert.match(answer.status?.message ?? '', message)
  }
  const unknown = await review(graph(step({ name: 'a', serviceName: 'later' })))
  assert.equal(unknown.allowed, true)
  assert.match(unknown.warnings?.join() ?? '', /Service "later" does not exist in namespace "default": create it/)
  cluster.put(serving.inferenceServices, service('later'))
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual((await review(graph(step({ name: 'a', serviceName: 'later' })))).warnings ?? [], [])
})
