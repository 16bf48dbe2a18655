import assert from 'node:assert/strict'
import test from 'node:test'
import { type KubeObject, resources } from '@millrace/kube'
import { collectGarbage } from '../../src/workloads/garbage-collector.ts'
import { createGarbageGraph } from '../../src/workloads/garbage-graph.ts'
import { fakeCluster } from '../fake-cluster.ts'

function setUp() {
  const cluster = fakeCluster()
  const graph = createGarbageGraph()
  const owner = cluster.put(resources.configMaps, { metadata: { namespace: 'default', name: 'owner' } })
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid ?? '' }]
  const child = cluster.put(resources.secrets, { metadata: { namespace: 'default', name: 'child', ownerReferences } })
  graph.put({ resource: resources.secrets, object: child })
  const world = { client: cluster.client, graph, findKind: () => resources.configMaps }
  const collect = () => collectGarbage(world, child.metadata.uid ?? '')
  const isThere = () => cluster.find(resources.secrets, 'default', 'child') !== undefined
  return { cluster, graph, owner, collect, isThere }
}

test('an object is looked at again until its owner is known: nobody tells when an unknown owner goes', async () => {
  const { cluster, graph, owner, collect, isThere } = setUp()
  assert.ok(((await collect())?.requeueAfterMs ?? 0) > 0)
  graph.put({ resource: resources.configMaps, object: owner as KubeObject })
  assert.equal(await collect(), undefined)
  graph.remove(owner.metadata.uid ?? '')
  cluster.remove(resources.configMaps, 'default', 'owner')
  await collect()
  assert.equal(isThere(), false)
})

test('an owner that was deleted and made again before anybody saw it has left its objects', async () => {
  const { cluster, collect, isThere } = setUp()
  cluster.remove(resources.configMaps, 'default', 'owner')
  cluster.put(resources.configMaps, { metadata: { namespace: 'default', name: 'owner' } })
  await collect()
  assert.equal(isThere(), false)
})
