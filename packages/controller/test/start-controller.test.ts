import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { resources as serving } from '@millrace/api'
import { KubeError, resources } from '@millrace/kube'
import { createVirtualClock } from '@millrace/testkit'
import { startController } from '../src/index.ts'
import { createServingCluster } from './memory-cluster.ts'
import { service } from './run-controller.ts'

const anyPort = { host: '127.0.0.1', port: 0 }

async function get(
  port: number | undefined,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, text: await response.text() }
}

test('is alive at once, ready when the state of the cluster is in, and says what it waits for', async (t) => {
  const cluster = createServingCluster()
  const gate = Promise.withResolvers<void>()
  const client = {
    ...cluster.client,
    watch: ((resource, options) => {
      if (resource.kind !== 'Deployment') return cluster.client.watch(resource, options)
      return (async function* () {
        await gate.promise
        yield* cluster.client.watch(resource, options)
      })()
    }) as typeof cluster.client.watch,
  }
  const controller = await startController({ client, healthProbeAddr: anyPort, metricsAddr: anyPort })
  t.after(() => controller.close())
  const { health, metrics } = controller.ports
  assert.equal((await get(health, '/healthz')).status, 200)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const waiting = await get(health, '/readyz')
  assert.equal(waiting.status, 503)
  assert.match(waiting.text, /the first state of Deployment\.apps/)
  gate.resolve()
  await controller.ready
  assert.equal((await get(health, '/readyz')).status, 200)
  assert.equal((await get(health, '/')).status, 404)
  cluster.put(serving.inferenceServices, service('iris'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  const { text } = await get(metrics, '/metrics')
  for (const line of [
    /^controller_runtime_reconcile_total\{controller="inferenceservice",result="success"\} [1-9]/m,
    /^workqueue_adds_total\{name="inferenceservice",controller="inferenceservice"\} [1-9]/m,
    /^millrace_capability\{name="knative"\} 0/m,
    /^process_resident_memory_bytes /m,
  ])
    assert.match(text, line)
})

test('what we may not read is taken as empty, and does not keep us from serving', async (t) => {
  const cluster = createServingCluster()
  const forbidden = new Set(['Secret', 'ServiceAccount', 'PodDisruptionBudget'])
  const client = {
    ...cluster.client,
    watch: ((resource, options) => {
      if (!forbidden.has(resource.kind)) return cluster.client.watch(resource, options)
      throw new KubeError({ code: 'Forbidden', httpStatus: 403, message: `watch ${resource.plural}: forbidden` })
    }) as typeof cluster.client.watch,
  }
  const controller = await startController({ client })
  t.after(() => controller.close())
  await controller.ready
  cluster.put(serving.inferenceServices, service('iris'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(cluster.all(resources.deployments).length, 1)
})

test('a port that is taken is an error, and nothing stays behind', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  t.after(() => taken.close())
  const cluster = createServingCluster()
  const { port } = taken.address() as AddressInfo
  await assert.rejects(startController({ client: cluster.client, healthProbeAddr: { host: '127.0.0.1', port } }), {
    code: 'EADDRINUSE',
  })
  assert.equal(cluster.openWatches, 0)
})

test('of two, one works; the other takes over when it closes, and nothing is written twice', async () => {
  const cluster = createServingCluster()
  const clock = createVirtualClock()
  const start = () => startController({ client: cluster.client, clock, random: () => 0, leaderElect: true })
  const first = await start()
  await clock.advance(5_000)
  const second = await start()
  await clock.advance(5_000)
  cluster.put(serving.inferenceServices, service('one'))
  await clock.advance(5_000)
  assert.equal(cluster.writes.filter((write) => write === 'apply deployments one-predictor').length, 1)
  const closing = first.close()
  await clock.advance(5_000)
  await closing
  cluster.put(serving.inferenceServices, service('two'))
  await clock.advance(5_000)
  const applied = cluster.writes.filter((write) => write.startsWith('apply deployments'))
  assert.deepEqual(applied, ['apply deployments one-predictor', 'apply deployments two-predictor'])
  const end = second.close()
  await clock.advance(5_000)
  await end
  assert.equal(cluster.openWatches, 0)
})

test('one that is closed before it has begun begins nothing afterwards', async () => {
  const cluster = createServingCluster()
  const clock = createVirtualClock()
  const gate = Promise.withResolvers<void>()
  const client = {
    ...cluster.client,
    watch: ((resource, options) =>
      (async function* () {
        await gate.promise
        yield* cluster.client.watch(resource, options)
      })()) as typeof cluster.client.watch,
  }
  const controller = await startController({ client, clock })
  await clock.advance(1_000)
  cluster.put(serving.inferenceServices, service('iris'))
  const closed = controller.close()
  gate.resolve()
  await clock.advance(60_000)
  await closed
  await clock.advance(3_600_000)
  assert.deepEqual(cluster.writes, [])
  assert.equal(clock.pending, 0)
})
