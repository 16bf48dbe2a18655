import assert from 'node:assert/strict'
import test from 'node:test'
import type { ReplicaSet } from '../../src/workloads/apps.ts'
import { planReplicaSet } from '../../src/workloads/replica-set-plan.ts'

const set = (status?: ReplicaSet['status']): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { namespace: 'default', name: 'web', uid: '1', generation: 1 },
  spec: { replicas: 2, selector: {}, template: { spec: {} } },
  ...(status ? { status } : {}),
})
const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds))

test('a refusal that names another pod with each attempt is told once, until one succeeds', () => {
  const first = planReplicaSet({ replicaSet: set(), pods: [], now: at(0), createFailure: 'pod web-a is forbidden' })
  assert.equal(first.status.conditions?.[0]?.message, 'pod web-a is forbidden')
  const replicaSet = set(first.status)
  const second = planReplicaSet({ replicaSet, pods: [], now: at(9), createFailure: 'pod web-b is forbidden' })
  assert.deepEqual(second.status, first.status)
  const healed = planReplicaSet({ replicaSet, pods: [], now: at(10) })
  assert.equal(healed.status.conditions, undefined)
})
