import assert from 'node:assert/strict'
import test from 'node:test'
import { kinds, resources as serving } from '@millrace/api'
import type { Client, Resource } from '@millrace/kube'
import { createServingCluster } from './memory-cluster.ts'
import { condition, runController, service, statusOf } from './run-controller.ts'

const coreKinds = new Set(kinds.filter(({ installGroup }) => installGroup === 'core').map(({ kind }) => kind))
const otherKinds: readonly Resource[] = Object.values(serving).filter(({ kind }) => !coreKinds.has(kind))

test('a kind that is not installed is neither listed nor watched, and is followed once it comes', async (t) => {
  const cluster = createServingCluster()
  for (const resource of otherKinds) cluster.uninstall(resource)
  const asked = new Set<string>()
  const client: Client = {
    ...cluster.client,
    list: (resource, options) => {
      asked.add(resource.plural)
      return cluster.client.list(resource, options)
    },
    watch: (resource, options) => {
      asked.add(resource.plural)
      return cluster.client.watch(resource, options)
    },
  }
  const { settle, close } = await runController(cluster, {}, client)
  t.after(close)
  cluster.put(serving.inferenceServices, service('iris'))
  await settle(5_000)
  assert.ok(condition(statusOf(cluster, 'iris'), 'Ready'), 'services are served all the same')
  assert.ok(asked.has('inferenceservices') && asked.has('clusterservingruntimes'))
  assert.deepEqual(
    otherKinds.filter(({ plural }) => asked.has(plural)),
    [],
  )
  cluster.install(serving.inferenceGraphs)
  await settle(5_000)
  assert.deepEqual(
    otherKinds.filter(({ plural }) => asked.has(plural)),
    [serving.inferenceGraphs],
  )
})
