import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { resources as serving, shippedRuntimes } from '@millrace/api'
import { type Client, createClient, type KubeObject, resources } from '@millrace/kube'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { type Kubernetes, startKubernetes } from '../kubernetes/start-kubernetes.ts'
import {
  eventually,
  millrace,
  type PlatformProcess,
  processesOf,
  removeDirectory,
  startUp,
} from './platform-process.ts'
import { testRollout } from './rollout-journeys.ts'
import { ask, testAnswers, testDeletion } from './serve-journeys.ts'

/**
 * `millrace up` on a real Kubernetes: there kube-controller-manager makes ReplicaSets, pods, endpoints, collects garbage and
 * scales, and this machine is a node.
 */
describe('up on a real Kubernetes', { skip: kubernetesSkipReason() }, () => {
  let kubernetes: Kubernetes
  let client: Client
  let platform: PlatformProcess
  before(async () => {
    kubernetes = await startKubernetes({ controllerManager: true })
    client = createClient(kubernetes.connection)
    platform = await startUp({ kubeconfig: kubernetes.kubeconfig })
  })
  after(async () => {
    await platform?.stop()
    if (platform) removeDirectory(platform.dataDir)
    await client?.close()
    await kubernetes?.close()
  })
  const apply = async (manifest: string): Promise<void> => {
    const applied = await millrace(['apply', '-f', '-', '--kubeconfig', kubernetes.kubeconfig], { input: manifest })
    assert.equal(applied.code, 0, applied.stderr)
  }

  test('what the platform needs is installed, and nothing that it can do without', async () => {
    const { items } = await client.list(serving.clusterServingRuntimes)
    const names = items.map(({ metadata }) => metadata.name).sort()
    assert.deepEqual(names, shippedRuntimes.map(({ metadata }) => metadata.name).sort())
    const definitions = await client.list(resources.customResourceDefinitions)
    assert.ok(definitions.items.every(({ metadata }) => metadata.name?.endsWith('.serving.kserve.io')))
    assert.match(platform.stdout(), /^prediction {3}\S+: \{"predictions":\[/m)
  })

  testAnswers(() => platform)

  test('Kubernetes does its own work: nobody here writes ReplicaSets and endpoints beside it', async () => {
    for (const resource of [resources.replicaSets, resources.endpointSlices]) {
      const { items } = await client.list(resource, { namespace: 'default' })
      assert.ok(items.length > 0)
      const writers = items.flatMap(({ metadata }) => metadata.managedFields ?? []).map(managerOf)
      assert.deepEqual([...new Set(writers)], ['kube-controller-manager'], resource.kind)
    }
  })

  // In the meantime the garbage collector learns of the kinds that were just installed: it looks every 30 s.
  testRollout(() => platform)
  testDeletion(() => platform)

  test("the HorizontalPodAutoscaler's minimum is followed, and both pods serve", { timeout: 60_000 }, async () => {
    await apply(service('two', 'minReplicas: 2'))
    const selector = { namespace: 'default', labelSelector: 'serving.kserve.io/inferenceservice=two' }
    await eventually(
      async () => (await client.list(resources.pods, selector)).items.filter(isReady).length === 2,
      'two pods are ready',
      40_000,
    )
    const { items } = await client.list(resources.pods, selector)
    assert.equal(new Set(items.map(({ status }) => Object(status).podIP)).size, 2)
    await eventually(
      async () => (await platform.run('predict', 'two', '-d', '@examples/sklearn-iris-input.json')).code === 0,
      'two answers',
    )
    await gone('isvc', 'two')
  })

  test('a TrainedModel says what its service lacks, and an InferenceGraph gets its workload', async () => {
    await apply(trainedModel)
    await eventually(async () => {
      const model = await client.get(serving.trainedModels, { namespace: 'default', name: 'extra' })
      const conditions: readonly Condition[] = Object(model['status']).conditions ?? []
      const is = (type: string, status: string) =>
        conditions.some((condition) => condition.type === type && condition.status === status)
      return is('InferenceServiceReady', 'True') && is('IsMMSPredictor', 'False') && is('Ready', 'False')
    }, 'the TrainedModel has its conditions')
    await apply(graph)
    await eventually(async () => {
      const { items } = await client.list(resources.deployments, { namespace: 'default' })
      return items.some(({ metadata }) => metadata.name === 'flow')
    }, "the graph's Deployment is there")
    await gone('inferencegraph', 'flow')
    await gone('trainedmodel', 'extra')
  })

  test('Ctrl-C stops every process, and the next start has everything still there', { timeout: 60_000 }, async () => {
    const ended = await platform.stop()
    assert.equal(ended.code, 130)
    await eventually(() => processesOf(platform.dataDir).length === 0, 'all processes of the platform have ended')
    platform = await startUp({ kubeconfig: kubernetes.kubeconfig, dataDir: platform.dataDir })
    // What was ready when it stopped may be told as ready for a moment more.
    await eventually(
      async () => (await ask(platform, 'sklearn-iris').catch(() => undefined))?.predictions !== undefined,
      'it answers again',
    )
    assert.deepEqual(await ask(platform, 'sklearn-iris'), { predictions: [1, 1] })
  })

  /** Deletes it, and waits until Kubernetes' garbage collector has taken everything that was made for it. */
  async function gone(kind: string, name: string): Promise<void> {
    const deleted = await platform.run('delete', kind, name)
    assert.equal(deleted.code, 0, deleted.stderr)
    await eventually(
      async () => {
        const kinds = [resources.pods, resources.replicaSets, resources.deployments, resources.services]
        const more = [resources.horizontalPodAutoscalers, resources.ingresses, resources.endpointSlices]
        const lists = await Promise.all([...kinds, ...more].map((one) => client.list(one, { namespace: 'default' })))
        return !lists.some(({ items }) => items.some(({ metadata }) => metadata.name?.startsWith(name)))
      },
      `nothing of ${name} is left`,
      40_000,
    )
  }
})

interface Condition {
  readonly type: string
  readonly status: string
}

function managerOf(entry: unknown): unknown {
  return Object(entry).manager
}

function isReady({ status }: KubeObject): boolean {
  const conditions: readonly Condition[] = Object(status).conditions ?? []
  return conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True')
}

const service = (name: string, more: string): string => `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: ${name} }
spec:
  predictor:
    ${more}
    model:
      modelFormat: { name: sklearn }
      storageUri: file://examples/models/sklearn-iris
`

const trainedModel = `apiVersion: serving.kserve.io/v1alpha1
kind: TrainedModel
metadata: { name: extra }
spec:
  inferenceService: sklearn-iris
  model: { framework: sklearn, storageUri: "https://models.invalid/iris", memory: 64Mi }
`

const graph = `apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: { name: flow }
spec:
  nodes:
    root:
      routerType: Sequence
      steps: [{ serviceName: sklearn-iris }]
`
