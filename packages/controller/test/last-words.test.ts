import assert from 'node:assert/strict'
import test from 'node:test'
import { resources as serving } from '@millrace/api'
import { type Client, KubeError, type KubeObject, resources } from '@millrace/kube'
import { createServingCluster } from './memory-cluster.ts'
import { condition, runController, service, statusOf } from './run-controller.ts'

const crashing = (restartCount: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace: 'default',
    name: 'iris-predictor-x',
    uid: 'pod-1',
    labels: { app: 'isvc.iris-predictor', 'serving.kserve.io/inferenceservice': 'iris', component: 'predictor' },
  },
  status: {
    containerStatuses: [
      {
        name: 'kserve-container',
        ready: false,
        restartCount,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { reason: 'Error', exitCode: 3 } },
      },
    ],
  },
})

/** The cluster's client, with logs; what was asked is kept. */
function withLogs(client: Client, answer: () => string) {
  const asked: string[] = []
  const request: Client['request'] = async (method, path, options) => {
    if (!path.includes('/log?')) return client.request(method, path, options)
    asked.push(path)
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: answer() }
  }
  return { asked, client: { ...client, request } }
}

test('what a server said before it crashed is read from its log, once for each attempt', async () => {
  const cluster = createServingCluster()
  const { asked, client } = withLogs(cluster.client, () => 'Loading\nValueError: not a model\n')
  const running = await runController(cluster, {}, client)
  cluster.put(serving.inferenceServices, service('iris'))
  await running.settle()
  assert.deepEqual(asked, [], 'nothing has failed')
  cluster.put(resources.pods, crashing(1))
  await running.settle()
  assert.equal(asked.length, 1)
  assert.match(
    asked[0] ?? '',
    /\/namespaces\/default\/pods\/iris-predictor-x\/log\?container=kserve-container&.*previous=true/,
  )
  assert.match(condition(statusOf(cluster, 'iris'), 'Ready')?.message ?? '', /exit code 3: ValueError: not a model\)/)
  const { modelStatus } = Object(statusOf(cluster, 'iris')?.['status'])
  assert.equal(modelStatus.lastFailureInfo.message, 'Loading\nValueError: not a model')
  cluster.put(serving.inferenceServices, {
    ...service('iris', { minReplicas: 2 }),
    status: statusOf(cluster, 'iris')?.['status'],
  })
  await running.settle()
  assert.equal(asked.length, 1)
  cluster.put(resources.pods, crashing(2))
  await running.settle()
  assert.equal(asked.length, 2)
  await running.close()
})

test('without the right to read logs the status says what it can, and the log says so once', async () => {
  const cluster = createServingCluster()
  const { client } = withLogs(cluster.client, () => {
    throw new KubeError({ code: 'Forbidden', httpStatus: 403, message: 'pods/log is forbidden' })
  })
  const running = await runController(cluster, {}, client)
  cluster.put(serving.inferenceServices, service('iris'))
  for (const restarts of [1, 2, 3]) {
    cluster.put(resources.pods, crashing(restarts))
    await running.settle()
  }
  assert.match(
    condition(statusOf(cluster, 'iris'), 'Ready')?.message ?? '',
    /"kserve-container" failed .*exit code 3\)/,
  )
  assert.equal(running.lines.filter((line) => line.includes('Logs of pods may not be read')).length, 1)
  await running.close()
})
