import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { resources as serving, shippedConfig } from '@millrace/api'
import { KubeError, type KubeObject, resources } from '@millrace/kube'
import { childKinds, observe, render } from '@millrace/render'
import { withFailures } from '@millrace/testkit'
import { createServingCluster, knativeService, type MemoryCluster } from './memory-cluster.ts'
import { condition, makeDeploymentsReady, type Running, runController, service, statusOf } from './run-controller.ts'

const configName = { namespace: 'kserve', name: 'inferenceservice-config' }
const atOnce = 3
const waves = { services: atOnce, deadlineSeconds: 300 }
const names = Array.from({ length: 8 }, (_, index) => `s${index}`)

/** The shipped configuration with some settings changed. */
function configured(settings: Readonly<Record<string, object>> = {}): Record<string, string> {
  const parts = Object.entries({ rolloutWaves: waves, ...settings }).map(([key, fields]) => [
    key,
    JSON.stringify({ ...JSON.parse(shippedConfig[key] ?? '{}'), ...fields }),
  ])
  return { ...shippedConfig, ...Object.fromEntries(parts) }
}

const put = (cluster: MemoryCluster, settings?: Readonly<Record<string, object>>) =>
  cluster.put(resources.configMaps, { metadata: configName, data: configured(settings) })
const newImage = { storageInitializer: { image: 'mine/init:2' } }

function imageOf(deployment: KubeObject): string {
  return Object(deployment['spec']).template.spec.initContainers[0].image
}

/** Names of the services whose pods have the image. */
function having(cluster: MemoryCluster, image: string): readonly string[] {
  return cluster
    .all(resources.deployments)
    .filter((deployment) => imageOf(deployment) === image)
    .map(({ metadata }) => (metadata.name ?? '').replace(/-predictor$/, ''))
}

function underWay(cluster: MemoryCluster): number {
  return cluster
    .all(resources.deployments)
    .filter((one) => Object(one['status']).observedGeneration !== one.metadata.generation).length
}

/** Plays the Deployment controller for one service whose new pods do not come up. */
function fail(cluster: MemoryCluster, name: string): void {
  const deployment = cluster.get(resources.deployments, 'default', `${name}-predictor`)
  assert.ok(deployment)
  const conditions = [
    { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' },
    { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'no progress' },
  ]
  const replicas = { replicas: 2, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }
  const status = { observedGeneration: deployment.metadata.generation, conditions, ...replicas }
  cluster.put(resources.deployments, { ...deployment, status })
}

/** Services that are ready, with the configuration of before. */
async function ready(cluster: MemoryCluster): Promise<void> {
  put(cluster)
  const running = await runController(cluster)
  for (const name of names) cluster.put(serving.inferenceServices, service(name))
  await running.settle()
  makeDeploymentsReady(cluster)
  await running.settle()
  for (const name of names) assert.equal(condition(statusOf(cluster, name), 'Ready')?.status, 'True')
  await running.close()
  cluster.writes.length = 0
}

async function start(t: TestContext): Promise<Running & { readonly cluster: MemoryCluster }> {
  const cluster = createServingCluster()
  await ready(cluster)
  const running = await runController(cluster)
  t.after(() => running.close())
  return { cluster, ...running }
}

const events = (cluster: MemoryCluster) =>
  cluster
    .all(resources.events)
    .filter(({ reason }) => String(reason).startsWith('Rollout'))
    .map(({ reason, message }) => `${reason}: ${message}`)

test('a change reaches the pods of some services at a time, and the next when those are ready', async (t) => {
  const { cluster, settle, lines } = await start(t)
  put(cluster, newImage)
  await settle(60_000)
  assert.equal(having(cluster, 'mine/init:2').length, atOnce)
  for (let wave = 1; wave * atOnce < names.length; wave++) {
    assert.equal(having(cluster, 'mine/init:2').length, wave * atOnce)
    makeDeploymentsReady(cluster)
    await settle(1_000)
  }
  makeDeploymentsReady(cluster)
  await settle(10_000)
  assert.deepEqual(having(cluster, 'mine/init:2').toSorted(), names)
  for (const name of names) assert.equal(condition(statusOf(cluster, name), 'ChangeRolledOut'), undefined)
  assert.deepEqual(
    events(cluster).map((text) => text.replace(/:.*: /, ': ')),
    ['RolloutStarted: 3 under way, 5 wait.', 'RolloutDone: 0 under way, 0 wait.'],
  )
  assert.ok(lines.some((line) => /^info A change replaces the pods.*"rolling":3,"waiting":5/.test(line)))
  cluster.writes.length = 0
  await settle(3_600_000)
  assert.deepEqual(cluster.writes, [], 'then silence')
})

test('what restarts nothing does not wait, not even for a service whose pods wait', async (t) => {
  const { cluster, settle } = await start(t)
  put(cluster, { ...newImage, ingress: { ingressDomain: 'other.example' } })
  await settle()
  assert.equal(having(cluster, 'mine/init:2').length, atOnce)
  for (const ingress of cluster.all(resources.ingresses))
    assert.match(Object(ingress['spec']).rules[0].host, /other\.example$/)
  for (const name of names.filter((one) => !having(cluster, 'mine/init:2').includes(one)))
    assert.match(String(Object(statusOf(cluster, name)?.['status']).url), /other\.example/)
})

test('a change of a runtime goes in waves as well', async (t) => {
  const { cluster, settle } = await start(t)
  for (const runtime of cluster.all(serving.clusterServingRuntimes))
    cluster.put(serving.clusterServingRuntimes, {
      ...runtime,
      spec: { ...Object(runtime['spec']), labels: { generation: 'second' } },
    })
  await settle()
  assert.equal(underWay(cluster), atOnce)
})

/** Plays Knative: what is there has a ready revision for its newest spec, or one that fails. */
function settleKnative(cluster: MemoryCluster, outcome: 'True' | 'False'): void {
  for (const one of cluster.all(knativeService)) {
    const { generation, name } = one.metadata
    if (Object(one['status']).observedGeneration === generation && outcome === 'False') continue
    const conditions = ['Ready', 'ConfigurationsReady', 'RoutesReady'].map((type) => ({ type, status: outcome }))
    const newest = `${name}-${generation}`
    const before: unknown = Object(one['status']).latestReadyRevisionName
    const revisions = {
      latestCreatedRevisionName: newest,
      latestReadyRevisionName: outcome === 'True' ? newest : before,
    }
    const url = `http://${name}.default.example.com`
    cluster.put(knativeService, { ...one, status: { observedGeneration: generation, conditions, url, ...revisions } })
  }
}

test('revisions of Knative mode, and of the routers of graphs, go in waves as well', async (t) => {
  const cluster = createServingCluster()
  cluster.install(knativeService)
  put(cluster, { security: { autoMountServiceAccountToken: true } })
  const { settle, close } = await runController(cluster)
  t.after(close)
  const annotations = { 'serving.kserve.io/deploymentMode': 'Knative' }
  for (const name of names.slice(0, 4)) cluster.put(serving.inferenceServices, service(name, {}, annotations))
  for (const name of ['g0', 'g1'])
    cluster.put(serving.inferenceGraphs, {
      metadata: { namespace: 'default', name, annotations },
      spec: { nodes: { root: { routerType: 'Sequence', steps: [{ serviceName: 's0' }] } } },
    })
  for (let round = 0; round < 3; round++) {
    await settle()
    settleKnative(cluster, 'True')
  }
  await settle()
  const generations = () => cluster.all(knativeService).filter(({ metadata }) => Number(metadata.generation) > 1).length
  assert.equal(cluster.all(knativeService).length, 6)
  assert.equal(generations(), 0)
  put(cluster, { security: { autoMountServiceAccountToken: false }, router: { image: 'router:2' } })
  await settle(6_000)
  assert.equal(generations(), atOnce)
  settleKnative(cluster, 'True')
  await settle(1_000)
  assert.equal(generations(), 2 * atOnce)
  settleKnative(cluster, 'False')
  await settle(6_000)
  assert.match(events(cluster).join('\n'), /RolloutStopped/)
})

test('its own change, a repair, and a service that is not ready anyway never wait', async (t) => {
  const { cluster, settle } = await start(t)
  put(cluster, newImage)
  await settle()
  const waiting = names.filter((name) => !having(cluster, 'mine/init:2').includes(name))
  const [own = '', changed = '', deleted = '', broken = ''] = waiting
  cluster.put(serving.inferenceServices, service(own, { minReplicas: 2 }))
  const live = cluster.get(resources.deployments, 'default', `${changed}-predictor`)
  assert.ok(live)
  const foreign = structuredClone(live) as unknown as { spec: { template: { spec: { hostNetwork: boolean } } } }
  foreign.spec.template.spec.hostNetwork = true
  cluster.put(resources.deployments, {
    ...(foreign as unknown as KubeObject),
    spec: JSON.parse(JSON.stringify(foreign.spec).replace('sklearnserver', 'stranger')),
  })
  cluster.remove(resources.deployments, 'default', `${deleted}-predictor`)
  fail(cluster, broken)
  const conditions = [{ type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable' }]
  const down = cluster.get(resources.deployments, 'default', `${broken}-predictor`)
  assert.ok(down)
  const observedGeneration = down.metadata.generation
  cluster.put(resources.deployments, { ...down, status: { observedGeneration, conditions } })
  await settle()
  assert.deepEqual(
    having(cluster, 'mine/init:2').toSorted(),
    names.filter((name) => !waiting.slice(4).includes(name)),
  )
  assert.equal(JSON.stringify(cluster.all(resources.deployments)).includes('stranger'), false)
})

test('a wave that makes a service fail stops with an event, and goes on when that service is ready', async (t) => {
  const { cluster, settle } = await start(t)
  put(cluster, newImage)
  await settle(10_000)
  const [victim = '', ...others] = having(cluster, 'mine/init:2')
  fail(cluster, victim)
  await settle(10_000)
  makeDeploymentsReady(cluster, others)
  await settle(3_600_000)
  assert.equal(having(cluster, 'mine/init:2').length, atOnce, 'nobody else')
  assert.match(
    events(cluster).join('\n'),
    new RegExp(`RolloutStopped: .*Not ready: InferenceService default/${victim}\\.`),
  )
  const told = condition(statusOf(cluster, victim), 'ChangeRolledOut')
  assert.equal(told?.reason, 'RolloutFailed')
  assert.match(told?.message ?? '', /Deployment .* failed: no progress after a change/)

  put(cluster, { storageInitializer: { image: 'mine/init:3' } })
  await settle(10_000)
  assert.ok(having(cluster, 'mine/init:3').includes(victim), 'what failed gets the correction first')
  assert.equal(having(cluster, 'mine/init:3').length, 1)
  for (let round = 0; round < 6; round++) {
    makeDeploymentsReady(cluster)
    await settle(10_000)
  }
  assert.deepEqual(having(cluster, 'mine/init:3').toSorted(), names)
})

test('a restart does not forget that a wave has stopped', async (t) => {
  const cluster = createServingCluster()
  await ready(cluster)
  const first = await runController(cluster)
  put(cluster, newImage)
  await first.settle(10_000)
  for (const name of having(cluster, 'mine/init:2')) fail(cluster, name)
  await first.settle(10_000)
  await first.close()
  const told = events(cluster)
  cluster.writes.length = 0
  const second = await runController(cluster)
  t.after(() => second.close())
  await second.settle(3_600_000)
  assert.equal(having(cluster, 'mine/init:2').length, atOnce)
  assert.deepEqual([events(cluster), cluster.writes], [told, []], 'and tells nothing that was told')
})

test('a slow service that goes on serving keeps the others waiting until the deadline, no longer', async (t) => {
  const { cluster, settle } = await start(t)
  put(cluster, newImage)
  await settle(2_000)
  for (const name of having(cluster, 'mine/init:2')) {
    const deployment = cluster.get(resources.deployments, 'default', `${name}-predictor`)
    assert.ok(deployment)
    const conditions = [
      { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' },
      { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' },
    ]
    const replicas = { replicas: 2, updatedReplicas: 1, availableReplicas: 1 }
    const status = { observedGeneration: deployment.metadata.generation, conditions, ...replicas }
    cluster.put(resources.deployments, { ...deployment, status })
  }
  await settle(290_000)
  assert.equal(having(cluster, 'mine/init:2').length, atOnce)
  await settle(30_000)
  assert.equal(having(cluster, 'mine/init:2').length, 2 * atOnce)
  await settle(600_000)
  assert.equal(
    having(cluster, 'mine/init:2').length,
    2 * atOnce,
    'the second wave is not ready at all: that is a failure',
  )
})

test('without a bound, everything goes at once', async (t) => {
  const { cluster, settle } = await start(t)
  put(cluster, { ...newImage, rolloutWaves: { services: 0 } })
  await settle()
  assert.equal(having(cluster, 'mine/init:2').length, names.length)
})

/** A wave whose first controller loses the API server at its nth call; numbers of the calls before and after it began. */
async function interrupted(nth: number): Promise<{ readonly from: number; readonly to: number }> {
  const cluster = createServingCluster()
  await ready(cluster)
  const error = () => new KubeError({ code: 'Unreachable', message: 'gone' })
  const dying = withFailures(cluster.client, { nth, mode: 'from-then-on', error })
  const first = await runController(cluster, {}, dying.target)
  const from = dying.calls()
  put(cluster, newImage)
  await first.settle(2_000)
  const to = dying.calls()
  assert.ok(underWay(cluster) <= atOnce, `call ${nth}`)
  await first.close()
  const second = await runController(cluster)
  for (let round = 0; round < 6; round++) {
    await second.settle(6_000)
    assert.ok(underWay(cluster) <= atOnce, `call ${nth}, then ${underWay(cluster)} at a time`)
    makeDeploymentsReady(cluster)
  }
  await second.settle(6_000)
  assert.deepEqual(having(cluster, 'mine/init:2').toSorted(), names, `call ${nth}`)
  await second.close()
  return { from, to }
}

test('wherever the process ends, its successor rolls no more at a time, and comes to the end', async () => {
  const { from, to } = await interrupted(Number.MAX_SAFE_INTEGER)
  assert.ok(to - from > 2 * atOnce, 'marks, Deployments and more')
  for (let nth = from; nth <= to; nth++) await interrupted(nth)
})

test('only services that a changed key concerns are rendered again', async (t) => {
  const cluster = createServingCluster()
  cluster.install(...childKinds)
  const rendered: string[] = []
  const counting = {
    observe,
    render: (input: Parameters<typeof render>[0]) => {
      rendered.push(input.service.metadata.name ?? '')
      return render(input)
    },
  }
  const { settle, close } = await runController(cluster, { renderer: counting })
  t.after(close)
  cluster.put(serving.inferenceServices, service('plain'))
  const cpu = { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] }
  const keda = { 'serving.kserve.io/autoscalerClass': 'keda' }
  cluster.put(serving.inferenceServices, service('scaled', { autoScaling: cpu }, keda))
  cluster.put(serving.inferenceServices, service('kn', {}, { 'serving.kserve.io/deploymentMode': 'Knative' }))
  await settle()
  const after = async (change: () => void) => {
    rendered.length = 0
    change()
    await settle()
    return [...new Set(rendered)].toSorted()
  }
  assert.deepEqual(await after(() => put(cluster, { router: { image: 'r:2' } })), [], 'a key of graphs')
  const autoscaler = { scaleDownStabilizationWindowSeconds: 60 }
  assert.deepEqual(await after(() => put(cluster, { router: { image: 'r:2' }, autoscaler })), ['scaled'])
  const knative = { metadata: { namespace: 'knative-serving', name: 'config-autoscaler' }, data: { 'min-scale': '1' } }
  assert.deepEqual(await after(() => cluster.put(resources.configMaps, knative)), ['kn'])
})

test('another default mode migrates nothing that is there, and holds for what comes', async (t) => {
  const cluster = createServingCluster()
  cluster.install(knativeService)
  const running = await runController(cluster)
  t.after(() => running.close())
  for (const mode of ['Knative', 'Standard', 'Knative']) {
    put(cluster, { deploy: { defaultDeploymentMode: mode } })
    await running.settle()
    const before = JSON.stringify([cluster.all(resources.deployments), cluster.all(knativeService)])
    cluster.writes.length = 0
    await running.settle(60_000)
    assert.deepEqual(cluster.writes, [])
    assert.equal(JSON.stringify([cluster.all(resources.deployments), cluster.all(knativeService)]), before)
    const name = `made-in-${cluster.all(serving.inferenceServices).length}`
    cluster.put(serving.inferenceServices, service(name))
    await running.settle()
    assert.equal(Object(statusOf(cluster, name)?.['status']).deploymentMode, mode)
  }
  assert.equal(cluster.all(resources.deployments).length, 1)
  assert.equal(cluster.all(knativeService).length, 2)
})
