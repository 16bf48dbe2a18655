import assert from 'node:assert/strict'
import test from 'node:test'
import type { KubeObject, OwnerReference } from '@millrace/kube'
import { createGarbageGraph } from '../../src/workloads/garbage-graph.ts'
import { type OwnerState, planGarbage } from '../../src/workloads/garbage-plan.ts'

const resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }

function objectOf(uid: string, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: uid, namespace: 'default', uid, ...metadata } }
}

const reference = (uid: string, blockOwnerDeletion = true): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'Pod',
  name: uid,
  uid,
  blockOwnerDeletion,
})
const owned = (...states: OwnerState[]) => states.map((state, index) => ({ reference: reference(`o${index}`), state }))

test('an object whose only owner is gone is deleted', () => {
  assert.deepEqual(planGarbage({ object: objectOf('a'), owners: owned('absent'), dependents: [] }), {
    do: 'delete',
    policy: 'Background',
  })
})

test('an object with an owner left only loses the dangling references', () => {
  assert.deepEqual(planGarbage({ object: objectOf('a'), owners: owned('there', 'absent'), dependents: [] }), {
    do: 'drop-references',
    uids: ['o1'],
  })
})

test('an object without owners, or with all of them there, is left alone', () => {
  assert.deepEqual(planGarbage({ object: objectOf('a'), owners: [], dependents: [] }), { do: 'nothing' })
  assert.deepEqual(planGarbage({ object: objectOf('a'), owners: owned('there'), dependents: [] }), { do: 'nothing' })
})

test('a foreground deletion goes down the tree and waits for those who block it', () => {
  const object = objectOf('a', { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['foregroundDeletion'] })
  const blocking = objectOf('b', { ownerReferences: [reference('a')] })
  const free = objectOf('c', { ownerReferences: [reference('a', false)] })
  assert.deepEqual(planGarbage({ object, owners: [], dependents: [blocking, free] }), { do: 'nothing' })
  assert.deepEqual(planGarbage({ object, owners: [], dependents: [free] }), {
    do: 'remove-finalizer',
    finalizer: 'foregroundDeletion',
  })
  const child = planGarbage({ object: blocking, owners: owned('waiting-for-dependents'), dependents: [objectOf('d')] })
  assert.deepEqual(child, { do: 'delete', policy: 'Foreground' })
})

test('an orphaning deletion frees the dependents before it ends', () => {
  const object = objectOf('a', { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['orphan'] })
  assert.deepEqual(planGarbage({ object, owners: [], dependents: [objectOf('b')] }), { do: 'orphan-dependents' })
  assert.deepEqual(planGarbage({ object, owners: [], dependents: [] }), { do: 'remove-finalizer', finalizer: 'orphan' })
})

test('the graph names who has to be looked at after each change', () => {
  const graph = createGarbageGraph()
  assert.deepEqual(graph.put({ resource, object: objectOf('child', { ownerReferences: [reference('owner')] }) }), [
    'child',
  ])
  assert.deepEqual(graph.put({ resource, object: objectOf('owner') }), ['owner'])
  assert.deepEqual(
    graph.dependentsOf('owner').map((node) => node.object.metadata.uid),
    ['child'],
  )
  const deleting = objectOf('owner', { deletionTimestamp: '2026-01-01T00:00:00Z' })
  assert.deepEqual(graph.put({ resource, object: deleting }), ['owner', 'child'])
  assert.deepEqual(graph.remove('owner'), ['child'])
  assert.deepEqual(graph.remove('child'), ['owner'])
  assert.deepEqual(graph.dependentsOf('owner'), [])
})
