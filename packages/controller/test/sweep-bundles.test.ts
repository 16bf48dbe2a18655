import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { resources as serving, shippedConfig } from '@millrace/api'
import { resources } from '@millrace/kube'
import { createServingCluster, type MemoryCluster } from './memory-cluster.ts'
import { runController, service } from './run-controller.ts'

const minuteMs = 60_000
const copyName = 'global-ca-bundle'

function name(cluster: MemoryCluster, caBundleConfigMapName: string): void {
  const storage = { ...JSON.parse(shippedConfig['storageInitializer'] ?? '{}'), caBundleConfigMapName }
  const data = { ...shippedConfig, storageInitializer: JSON.stringify(storage) }
  cluster.put(resources.configMaps, { metadata: { namespace: 'kserve', name: 'inferenceservice-config' }, data })
}

/** A service with a copy of the company's authorities beside it. */
async function start(t: TestContext) {
  const cluster = createServingCluster()
  const running = await runController(cluster)
  t.after(() => running.close())
  const source = { metadata: { namespace: 'kserve', name: 'company' }, data: { 'cabundle.crt': 'PEM' } }
  cluster.put(resources.configMaps, source)
  name(cluster, 'company')
  cluster.put(serving.inferenceServices, service('a'))
  await running.settle()
  const copy = (namespace = 'default') => cluster.get(resources.configMaps, namespace, copyName)
  assert.ok(copy())
  return { cluster, copy, settle: running.settle }
}

test('a copy of the CA bundle goes when nobody wants it any longer', async (t) => {
  const { cluster, copy, settle } = await start(t)
  await settle(5 * minuteMs)
  assert.ok(copy(), 'wanted as long as it is named')
  name(cluster, '')
  await settle(2 * minuteMs)
  assert.equal(copy(), undefined)
  name(cluster, 'company')
  await settle()
  assert.ok(copy(), 'and comes again')
  cluster.remove(serving.inferenceServices, 'default', 'a')
  cluster.remove(resources.deployments, 'default', 'a-predictor')
  await settle(2 * minuteMs)
  assert.equal(copy(), undefined, 'nobody is there who wants it')
})

test('it stays while pods are made with it', async (t) => {
  const { cluster, copy, settle } = await start(t)
  cluster.remove(serving.clusterServingRuntimes, undefined, 'kserve-sklearnserver')
  await settle()
  name(cluster, '')
  await settle(3 * minuteMs)
  assert.ok(copy(), 'a service that cannot be rendered keeps its Deployment')
})

test('what somebody else has made or written to stays', async (t) => {
  const { cluster, copy, settle } = await start(t)
  const known = copy()
  const managedFields = [...(known?.metadata.managedFields ?? []), { manager: 'kubectl', operation: 'Update' as const }]
  const labels = { mine: 'yes' }
  cluster.put(resources.configMaps, {
    ...known,
    metadata: { namespace: 'default', name: copyName, labels, managedFields },
  })
  cluster.put(resources.configMaps, { metadata: { namespace: 'other', name: copyName }, data: {} })
  name(cluster, '')
  await settle(3 * minuteMs)
  assert.ok(copy())
  assert.ok(copy('other'))
})

test('a copy that is removed by hand is made again', async (t) => {
  const { cluster, copy, settle } = await start(t)
  cluster.remove(resources.configMaps, 'default', copyName)
  await settle()
  assert.ok(copy())
})
