import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { resources as serving } from '@millrace/api'
import { type Client, KubeError, resources } from '@millrace/kube'
import { withFailures } from '@millrace/testkit'
import type { ControllerOptions } from '../src/index.ts'
import { createServingCluster, knativeService } from './memory-cluster.ts'
import { condition, makeDeploymentsReady, outcome, runController, service, statusOf } from './run-controller.ts'

async function start(
  t: TestContext,
  options: Partial<ControllerOptions> = {},
  prepare: (cluster: ReturnType<typeof createServingCluster>) => void = () => {},
) {
  const cluster = createServingCluster()
  prepare(cluster)
  const running = await runController(cluster, options)
  t.after(() => running.close())
  return { cluster, ...running }
}

const iris = service('iris')

test('makes what a service needs, tells when it is ready, and is silent then', async (t) => {
  const { cluster, settle } = await start(t)
  cluster.put(serving.inferenceServices, iris)
  await settle()
  assert.deepEqual(cluster.writes.toSorted(), [
    'apply configmaps inferenceservice-config-last-good',
    'apply deployments iris-predictor',
    'apply horizontalpodautoscalers iris-predictor',
    'apply services iris-predictor',
    'replace status inferenceservices iris',
  ])
  assert.equal(condition(statusOf(cluster, 'iris'), 'Ready')?.status, 'False')
  makeDeploymentsReady(cluster)
  await settle()
  assert.equal(condition(statusOf(cluster, 'iris'), 'Ready')?.status, 'True')
  assert.ok(cluster.all(resources.events).some((event) => event['reason'] === 'InferenceServiceReady'))
  cluster.writes.length = 0
  await settle(3_600_000)
  assert.deepEqual(cluster.writes, [])
})

test('of services that come at once each gets its children before anything is told of them', async (t) => {
  const { cluster, settle } = await start(t, { workers: 1 })
  const names = ['one', 'two', 'three', 'four']
  for (const name of names) cluster.put(serving.inferenceServices, service(name))
  cluster.writes.length = 0
  await settle()
  const isOfServices = (write: string) => names.some((name) => write.includes(name))
  const verbs = cluster.writes.filter(isOfServices).map((write) => write.slice(0, write.indexOf(' ')))
  assert.deepEqual(verbs, [...Array(12).fill('apply'), ...Array(4).fill('replace')])
  for (const name of names) assert.equal(condition(statusOf(cluster, name), 'Ready')?.status, 'False')
})

test('what a user asks for is not kept waiting by what a start looks through', async (t) => {
  const { cluster, settle, controller } = await start(t, { workers: 1 })
  for (let index = 0; index < 30; index++) cluster.put(serving.inferenceServices, service(`known-${index}`))
  await settle()
  await controller.close()
  for (const { metadata } of cluster.all(resources.deployments))
    cluster.remove(resources.deployments, metadata.namespace, metadata.name ?? '')
  cluster.writes.length = 0
  const second = await runController(cluster, { workers: 1 }, putting(cluster, service('wanted')))
  t.after(() => second.close())
  const deployments = cluster.writes.filter((write) => write.startsWith('apply deployments '))
  assert.equal(deployments.length, 31)
  assert.ok(deployments.indexOf('apply deployments wanted-predictor') <= 2, deployments.join())
})

/** A client at whose first write somebody puts a service. */
function putting(cluster: ReturnType<typeof createServingCluster>, wanted: ReturnType<typeof service>): Client {
  let isPut = false
  return {
    ...cluster.client,
    apply: (resource, object, options) => {
      if (resource.plural === 'deployments' && !isPut) cluster.put(serving.inferenceServices, wanted)
      isPut ||= resource.plural === 'deployments'
      return cluster.client.apply(resource, object, options)
    },
  }
}

test('a restart with everything in place writes nothing', async () => {
  const cluster = createServingCluster()
  const first = await runController(cluster)
  cluster.put(serving.inferenceServices, iris)
  cluster.put(
    serving.inferenceServices,
    service('nobody', { model: { modelFormat: { name: 'unheard-of' }, storageUri: 'https://x/y' } }),
  )
  await first.settle()
  makeDeploymentsReady(cluster)
  await first.settle()
  await first.close()
  assert.equal(cluster.openWatches, 0)
  cluster.writes.length = 0
  const second = await runController(cluster)
  await second.settle(60_000)
  assert.deepEqual(cluster.writes, [])
  await second.close()
})

test('repairs what others change or delete, and deletes what is no longer asked for', async (t) => {
  const { cluster, settle } = await start(t)
  cluster.put(serving.inferenceServices, iris)
  await settle()
  const before = outcome(cluster)
  cluster.remove(resources.deployments, 'default', 'iris-predictor')
  const live = cluster.get(resources.services, 'default', 'iris-predictor')
  assert.ok(live)
  cluster.put(resources.services, { ...live, spec: { ...(live['spec'] as object), selector: { app: 'other' } } })
  await settle()
  assert.deepEqual(outcome(cluster), before)
  cluster.put(serving.inferenceServices, service('iris', {}, { 'serving.kserve.io/stop': 'true' }))
  await settle()
  assert.equal(cluster.all(resources.deployments).length, 0)
  assert.equal(condition(statusOf(cluster, 'iris'), 'Stopped')?.status, 'True')
  cluster.put(serving.inferenceServices, iris)
  await settle()
  assert.equal(cluster.all(resources.deployments).length, 1)
})

test("a user's own object of the same name is left alone, and the status says so", async (t) => {
  const { cluster, settle } = await start(t)
  const own = cluster.put(resources.services, {
    metadata: { namespace: 'default', name: 'iris-predictor' },
    spec: { selector: { mine: 'yes' } },
  })
  cluster.put(serving.inferenceServices, iris)
  await settle()
  assert.deepEqual(cluster.get(resources.services, 'default', 'iris-predictor')?.['spec'], own['spec'])
  const ready = condition(statusOf(cluster, 'iris'), 'PredictorReady')
  assert.equal(ready?.reason, 'ServiceRefused')
  assert.match(ready?.message ?? '', /iris-predictor already exists and was made by somebody else/)
  cluster.remove(resources.services, 'default', 'iris-predictor')
  await settle(60_000)
  assert.notEqual(condition(statusOf(cluster, 'iris'), 'PredictorReady')?.reason, 'ServiceRefused')
})

test('a runtime that comes later heals the services that wait for it', async (t) => {
  const { cluster, settle, lines } = await start(t)
  cluster.put(
    serving.inferenceServices,
    service('odd', { model: { modelFormat: { name: 'odd' }, storageUri: 'https://x/y' } }),
  )
  await settle()
  assert.equal(condition(statusOf(cluster, 'odd'), 'PredictorReady')?.reason, 'NoSupportingRuntime')
  assert.equal(cluster.all(resources.events).length, 1)
  const containers = [{ name: 'kserve-container', image: 'odd:1' }]
  cluster.put(serving.servingRuntimes, {
    metadata: { namespace: 'default', name: 'odd' },
    spec: { supportedModelFormats: [{ name: 'odd', autoSelect: true }], containers },
  })
  await settle()
  assert.equal(cluster.get(resources.deployments, 'default', 'odd-predictor') !== undefined, true, lines.join('\n'))
})

test('what is missing is told by name; it heals when that is installed, and goes on when it is removed', async (t) => {
  const { cluster, settle, lines } = await start(t)
  cluster.put(serving.inferenceServices, service('k', {}, { 'serving.kserve.io/deploymentMode': 'Knative' }))
  cluster.put(serving.inferenceServices, iris)
  await settle()
  const ready = () => condition(statusOf(cluster, 'k'), 'PredictorReady')
  assert.equal(ready()?.reason, 'KnativeNotInstalled')
  for (let round = 0; round < 3; round++) {
    cluster.install(knativeService)
    await settle(5_000)
    assert.equal(cluster.all(knativeService).length, 1, lines.slice(-10).join('\n'))
    assert.notEqual(ready()?.reason, 'KnativeNotInstalled')
    cluster.uninstall(knativeService)
    await settle(5_000)
    assert.equal(ready()?.reason, 'KnativeNotInstalled')
  }
  assert.equal(cluster.all(resources.deployments).length, 1)
  cluster.writes.length = 0
  await settle(600_000)
  assert.deepEqual(cluster.writes, [])
})

test('our own kinds may come one after the other, in a cluster that has none of them', async (t) => {
  const { cluster, settle } = await start(t, {}, (cluster) => {
    for (const resource of Object.values(serving)) cluster.uninstall(resource)
  })
  cluster.install(serving.inferenceServices)
  await settle(10_000)
  cluster.put(serving.inferenceServices, iris)
  await settle()
  assert.equal(condition(statusOf(cluster, 'iris'), 'PredictorReady')?.reason, 'NoSupportingRuntime')
  cluster.install(serving.clusterServingRuntimes)
  for (const runtime of createServingCluster().all(serving.clusterServingRuntimes))
    cluster.put(serving.clusterServingRuntimes, runtime)
  await settle(10_000)
  assert.equal(cluster.all(resources.deployments).length, 1)
})

test('a change of the configuration reaches the services that it changes; a mistake in it changes nothing and is told', async (t) => {
  const { cluster, settle } = await start(t)
  cluster.put(serving.inferenceServices, iris)
  cluster.put(
    serving.inferenceServices,
    service('plain', { model: { modelFormat: { name: 'sklearn' }, storageUri: 'pvc://claim/model' } }),
  )
  await settle()
  const name = { namespace: 'kserve', name: 'inferenceservice-config' }
  const data = { ...(cluster.get(resources.configMaps, 'kserve', name.name)?.['data'] as Record<string, string>) }
  cluster.writes.length = 0
  cluster.put(resources.configMaps, { metadata: name, data: { ...data, storageInitializer: '{"image": "other' } })
  await settle()
  assert.deepEqual(
    cluster.writes.map((write) => write.split('.')[0]),
    ['create events inferenceservice-config'],
  )
  assert.match(
    String(cluster.all(resources.events)[0]?.['message']),
    /data\.storageInitializer: is not JSON \(line 1, column \d+\).*last good value stays/,
  )
  cluster.writes.length = 0
  cluster.put(resources.configMaps, {
    metadata: name,
    data: {
      ...data,
      storageInitializer:
        data['storageInitializer']?.replace('kserve/storage-initializer', 'mine/storage-initializer') ?? '',
    },
  })
  await settle()
  assert.deepEqual(cluster.writes.filter((write) => write.startsWith('apply')).toSorted(), [
    'apply configmaps inferenceservice-config-last-good',
    'apply deployments iris-predictor',
  ])
  cluster.writes.length = 0
  cluster.remove(resources.configMaps, 'kserve', name.name)
  await settle()
  assert.deepEqual(cluster.writes, [])
})

test("somebody else's write of the status in between is no loss", async (t) => {
  const { cluster, settle } = await start(t)
  cluster.put(serving.inferenceServices, iris)
  await settle()
  makeDeploymentsReady(cluster)
  const live = statusOf(cluster, 'iris')
  assert.ok(live)
  const finalizers = ['some/body']
  cluster.put(serving.inferenceServices, {
    ...live,
    status: { conditions: [] },
    metadata: { ...live.metadata, finalizers },
  })
  await settle()
  assert.equal(condition(statusOf(cluster, 'iris'), 'Ready')?.status, 'True')
  assert.deepEqual(statusOf(cluster, 'iris')?.metadata.finalizers, finalizers)
})

test("KServe's finalizers are taken off what is deleted, and no others", async (t) => {
  const { cluster, settle } = await start(t)
  const finalizers = ['inferenceservice.finalizers', 'mine/keep']
  cluster.put(serving.inferenceServices, { ...iris, metadata: { ...iris.metadata, finalizers } })
  await settle()
  assert.deepEqual(statusOf(cluster, 'iris')?.metadata.finalizers, finalizers)
  cluster.remove(serving.inferenceServices, 'default', 'iris')
  await settle()
  assert.deepEqual(statusOf(cluster, 'iris')?.metadata.finalizers, ['mine/keep'])
})

test('serves its namespaces alone', async (t) => {
  const { cluster, settle } = await start(t, { namespaces: ['default', 'team'] })
  for (const namespace of ['default', 'team', 'other'])
    cluster.put(serving.inferenceServices, { ...iris, metadata: { ...iris.metadata, namespace } })
  await settle()
  assert.deepEqual(
    cluster
      .all(resources.deployments)
      .map(({ metadata }) => metadata.namespace)
      .toSorted(),
    ['default', 'team'],
  )
})

test('survives watches that are cut at any time', async (t) => {
  const { cluster, settle } = await start(t)
  cluster.put(serving.inferenceServices, iris)
  for (let round = 0; round < 5; round++) {
    cluster.cutWatches()
    cluster.put(serving.inferenceServices, service(`s${round}`))
    await settle(1_000)
    cluster.cutWatches()
    cluster.remove(resources.deployments, 'default', `s${round}-predictor`)
    await settle(5_000)
  }
  assert.equal(cluster.all(resources.deployments).length, 6)
})

const failures = {
  'a server that is gone': () => new KubeError({ code: 'Unreachable', message: 'gone' }),
  'a server that is busy': () =>
    new KubeError({ code: 'TooManyRequests', httpStatus: 429, message: 'busy', retryAfterMs: 1_000 }),
  'a write in between': () => new KubeError({ code: 'Conflict', httpStatus: 409, message: 'modified' }),
}

/** Everything from the start to ready services; what must come of it whatever fails on the way. */
async function story(
  client: (cluster: ReturnType<typeof createServingCluster>) => ReturnType<typeof createServingCluster>['client'],
) {
  const cluster = createServingCluster()
  cluster.put(resources.secrets, { metadata: { namespace: 'default', name: 's3' }, data: {} })
  cluster.put(resources.serviceAccounts, {
    metadata: { namespace: 'default', name: 'default' },
    secrets: [{ name: 's3' }],
  })
  cluster.put(serving.inferenceServices, iris)
  const running = await runController(cluster, {}, client(cluster))
  await running.settle(40_000)
  makeDeploymentsReady(cluster)
  await running.settle(40_000)
  cluster.writes.length = 0
  const result = outcome(cluster)
  await running.settle(1_200_000)
  const writes = cluster.writes.filter((write) => !write.includes(' events '))
  await running.close()
  return { result, writes, lines: running.lines }
}

for (const [what, error] of Object.entries(failures)) {
  test(`converges and falls silent whichever call meets ${what}`, async () => {
    let counted: () => number = () => 0
    const expected = await story((cluster) => {
      const counting = withFailures(cluster.client)
      counted = counting.calls
      return counting.target
    })
    assert.deepEqual(expected.writes, [])
    const calls = counted()
    assert.ok(calls > 20, `${calls} calls`)
    for (let nth = 1; nth <= calls; nth++) {
      const { result, writes, lines } = await story(
        (cluster) => withFailures(cluster.client, { nth, mode: 'once', error }).target,
      )
      assert.deepEqual(result, expected.result, `call ${nth} failed\n${lines.join('\n')}`)
      assert.deepEqual(writes, [], `call ${nth} failed`)
    }
  })
}

test('a server that goes away for good at any call ends in waiting, not in a crash or a hot loop', async () => {
  for (let nth = 1; nth <= 40; nth += 3) {
    let counted: () => number = () => 0
    const cluster = createServingCluster()
    cluster.put(serving.inferenceServices, iris)
    const error = failures['a server that is gone']
    const faulty = withFailures(cluster.client, { nth, mode: 'from-then-on', error })
    counted = faulty.calls
    const running = await runController(cluster, {}, faulty.target)
    await running.settle(60_000)
    const before = counted()
    await running.settle(600_000)
    const perMinute = (counted() - before) / 10
    assert.ok(perMinute < 120, `${perMinute} calls a minute after call ${nth}`)
    await running.close()
  }
})
