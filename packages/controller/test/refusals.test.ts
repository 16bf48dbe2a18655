import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { resources as serving } from '@millrace/api'
import { type Client, KubeError, resources } from '@millrace/kube'
import { createServingCluster, type MemoryCluster } from './memory-cluster.ts'
import { condition, makeDeploymentsReady, runController, service, statusOf } from './run-controller.ts'

const hourMs = 3_600_000
const failing = (port: number) =>
  new KubeError({
    code: 'InternalError',
    httpStatus: 500,
    message: `apply deployments: failed calling webhook: read tcp 10.0.0.1:${port}->10.0.0.2:443: connection reset`,
  })
const forbidden = () =>
  new KubeError({ code: 'Forbidden', httpStatus: 403, message: 'apply deployments: denied by policy "no-iris"' })

interface Gate {
  /** What becomes of a write of a Deployment. */
  fails: (() => KubeError) | undefined
  tries: number
}

/** A cluster whose server does not take Deployments as long as the gate says so. */
function gated(): { readonly cluster: MemoryCluster; readonly client: Client; readonly gate: Gate } {
  const cluster = createServingCluster()
  const gate: Gate = { fails: undefined, tries: 0 }
  const pass = <T>(kind: string, call: () => Promise<T>): Promise<T> => {
    if (kind !== 'Deployment' || !gate.fails) return call()
    gate.tries += 1
    return Promise.reject(gate.fails())
  }
  const client: Client = {
    ...cluster.client,
    apply: (resource, object, options) => pass(resource.kind, () => cluster.client.apply(resource, object, options)),
    delete: (resource, name, options) => pass(resource.kind, () => cluster.client.delete(resource, name, options)),
  }
  return { cluster, client, gate }
}

async function start(t: TestContext, fails?: () => KubeError) {
  const { cluster, client, gate } = gated()
  gate.fails = fails
  const running = await runController(cluster, {}, client)
  t.after(() => running.close())
  cluster.put(serving.inferenceServices, service('iris'))
  await running.settle(1_000)
  return { cluster, client, gate, ...running }
}

const told = (cluster: MemoryCluster) => condition(statusOf(cluster, 'iris'), 'PredictorReady')
const warnings = (cluster: MemoryCluster) =>
  cluster
    .all(resources.events)
    .filter(({ type }) => type === 'Warning')
    .map(({ reason, count }) => `${reason} ${count}`)

test('a child that the server fails to write for long is told with its words and once; it is tried ever less, and heals', async (t) => {
  let port = 40_000
  const { cluster, gate, settle } = await start(t, () => failing((port += 1)))
  assert.notEqual(told(cluster)?.reason, 'InternalError', 'it may be over in a moment')
  await settle(20_000)
  const { status, reason, message } = told(cluster) ?? {}
  assert.deepEqual({ status, reason }, { status: 'False', reason: 'InternalError' })
  assert.equal(
    message,
    'Deployment iris-predictor could not be written: apply deployments: failed calling webhook: read tcp 10.0.0.2:443: connection reset',
  )
  assert.equal(condition(statusOf(cluster, 'iris'), 'Ready')?.reason, 'InternalError')
  assert.equal(Object(statusOf(cluster, 'iris')?.['status']).modelStatus, undefined, 'it says nothing of the model')
  assert.ok(cluster.get(resources.services, 'default', 'iris-predictor'), 'what can be written is')
  cluster.writes.length = 0
  gate.tries = 0
  await settle(hourMs)
  assert.deepEqual(warnings(cluster), ['InternalError 1'])
  assert.deepEqual(cluster.writes, [])
  assert.ok(gate.tries >= 10 && gate.tries <= 20, `${gate.tries} tries in an hour`)
  gate.fails = undefined
  await settle(300_000)
  makeDeploymentsReady(cluster)
  await settle()
  assert.equal(condition(statusOf(cluster, 'iris'), 'Ready')?.status, 'True')
})

test('what a restart finds told stays told, and is no news', async (t) => {
  const first = gated()
  first.gate.fails = () => failing(1)
  first.cluster.put(serving.inferenceServices, service('iris'))
  const before = await runController(first.cluster, {}, first.client)
  await before.settle(20_000)
  await before.close()
  first.cluster.writes.length = 0
  const after = await runController(first.cluster, {}, first.client)
  t.after(() => after.close())
  await after.settle(hourMs)
  assert.deepEqual(first.cluster.writes, [])
  assert.equal(told(first.cluster)?.reason, 'InternalError')
})

test('a moment of failing is no news, and what serves is not taken for what is asked for', async (t) => {
  const { cluster, gate, settle } = await start(t)
  makeDeploymentsReady(cluster)
  await settle()
  const before = statusOf(cluster, 'iris')?.['status']
  gate.fails = () => failing(1)
  const { generation = 0 } = cluster.put(serving.inferenceServices, service('iris', { timeout: 7 })).metadata
  await settle(3_000)
  assert.ok(gate.tries > 2)
  assert.deepEqual(statusOf(cluster, 'iris')?.['status'], before)
  gate.fails = undefined
  await settle(10_000)
  assert.equal(Object(statusOf(cluster, 'iris')?.['status']).observedGeneration, generation)
  assert.ok(!warnings(cluster).some((warning) => warning.startsWith('InternalError')))
})

test('a kind that is gone a moment before that is known is no news', async (t) => {
  const gone = () =>
    new KubeError({ code: 'NotFound', httpStatus: 404, message: 'apply deployments: 404 page not found' })
  const { cluster, settle } = await start(t, gone)
  assert.equal(told(cluster), undefined)
  await settle(20_000)
  assert.equal(told(cluster)?.reason, 'DeploymentRefused')
})

test('what the server refuses is told at once, also where it refuses that something goes', async (t) => {
  const { cluster, gate, settle } = await start(t, forbidden)
  assert.equal(told(cluster)?.reason, 'DeploymentRefused')
  assert.match(told(cluster)?.message ?? '', /^Deployment iris-predictor could not be written: .*denied by policy/)
  gate.fails = undefined
  await settle(60_000)
  makeDeploymentsReady(cluster)
  await settle()
  gate.fails = forbidden
  cluster.put(serving.inferenceServices, service('iris', {}, { 'serving.kserve.io/stop': 'true' }))
  await settle()
  assert.match(told(cluster)?.message ?? '', /^Deployment iris-predictor could not be deleted: .*denied by policy/)
  assert.equal(condition(statusOf(cluster, 'iris'), 'Stopped')?.status, 'False')
  gate.fails = undefined
  await settle(60_000)
  assert.equal(condition(statusOf(cluster, 'iris'), 'Stopped')?.status, 'True')
  assert.deepEqual(cluster.all(resources.deployments), [])
})
