import assert from 'node:assert/strict'
import test from 'node:test'
import type { Informer } from '@millrace/kube'
import type { Deployment, Pod, ReplicaSet } from '../../src/workloads/apps.ts'
import { reconcileDeployment } from '../../src/workloads/deployment-controller.ts'
import { fakeCluster } from '../fake-cluster.ts'

const name = { namespace: 'default', name: 'web' }

function deployment(uid: string): Deployment {
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...name, uid, generation: 1 },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  }
}

test('a Deployment that was made anew does not get the status of the one before', async () => {
  const cluster = fakeCluster()
  const copies = [deployment('first'), deployment('second')]
  const deployments = { get: () => (copies.length > 1 ? copies.shift() : copies[0]), remember: () => {} }
  const nothing = { by: () => [], get: () => undefined, remember: () => {} }
  await reconcileDeployment(
    {
      client: cluster.client,
      deployments: deployments as unknown as Informer<Deployment>,
      replicaSets: nothing as unknown as Informer<ReplicaSet>,
      pods: nothing as unknown as Informer<Pod>,
      now: () => new Date(0),
    },
    name,
  )
  assert.deepEqual(
    cluster.writes.filter((write) => write.includes('deployments')),
    [],
  )
})
