import assert from 'node:assert/strict'
import test from 'node:test'
import { resources as serving } from '@millrace/api'
import { type Client, resources } from '@millrace/kube'
import { createServingCluster } from './memory-cluster.ts'
import { runController, service } from './run-controller.ts'

const runtimeName = 'kserve-sklearnserver'

test('what changes while a service is read for the first time is not missed', async (t) => {
  const cluster = createServingCluster()
  cluster.put(resources.secrets, { metadata: { namespace: 'default', name: 's3' }, data: {} })
  cluster.put(resources.serviceAccounts, {
    metadata: { namespace: 'default', name: 'default' },
    secrets: [{ name: 's3' }],
  })
  const isReading = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  const get: Client['get'] = async (resource, name, options) => {
    if (resource.kind === 'Secret') {
      isReading.resolve()
      await answered.promise
    }
    return cluster.client.get(resource, name, options)
  }
  const running = await runController(cluster, {}, { ...cluster.client, get })
  t.after(() => running.close())
  cluster.put(serving.inferenceServices, service('a'))
  await running.settle()
  await isReading.promise
  const runtime = cluster.get(serving.clusterServingRuntimes, undefined, runtimeName)
  assert.ok(runtime)
  const changed = JSON.parse(JSON.stringify(runtime).replaceAll('kserve/sklearnserver', 'mine/sklearnserver'))
  cluster.put(serving.clusterServingRuntimes, changed)
  await running.settle()
  answered.resolve()
  await running.settle()
  const deployment = cluster.get(resources.deployments, 'default', 'a-predictor')
  assert.match(JSON.stringify(deployment), /mine\/sklearnserver/)
})
