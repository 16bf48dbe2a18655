import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { findDrift, type KubeObject, leanFor } from '../src/index.ts'

interface Recorded {
  readonly serverWouldWrite: boolean
  readonly drift: readonly string[]
  readonly desired: KubeObject
  readonly live: KubeObject
}

/** Equal amounts in other words are stored anew by the server; that write would change nothing. */
const onlySpelling = new Set(['deployment-cpu-other-spelling'])

const directory = join(import.meta.dirname, 'testdata', 'drift')
const cases = readdirSync(directory)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({
    name: file.replace('.json', ''),
    recorded: JSON.parse(readFileSync(join(directory, file), 'utf8')) as Recorded,
  }))

for (const { name, recorded } of cases) {
  test(`finds drift where the real server would write, and only there: ${name}`, () => {
    const { desired, live, drift, serverWouldWrite } = recorded
    const told = (one: KubeObject) => findDrift(desired, one, 'millrace').map(({ path, why }) => `${path}: ${why}`)
    assert.deepEqual(told(live), drift)
    assert.equal(drift.length > 0, serverWouldWrite && !onlySpelling.has(name))
    assert.deepEqual(told(leanFor('millrace')(structuredClone(live))), drift, 'a lean object tells the same')
    assert.notDeepEqual(findDrift(desired, live, 'somebody-else'), [], 'what another manager applied is not ours')
  })
}

test('an object whose managed fields are unknown is applied', () => {
  const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: {} }
  assert.deepEqual(findDrift(object, object, 'millrace'), [{ path: '', why: 'not owned' }])
})

test('a missing owner reference is drift', () => {
  const recorded = cases.find(({ name }) => name === 'service-as-rendered')?.recorded
  assert.ok(recorded)
  const owner = { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'u', controller: true }
  const desired = { ...recorded.desired, metadata: { ...recorded.desired.metadata, ownerReferences: [owner] } }
  assert.deepEqual(
    findDrift(desired, recorded.live, 'millrace').map(({ path }) => path),
    ['metadata.ownerReferences'],
  )
  const owned = {
    ...recorded.live,
    metadata: { ...recorded.live.metadata, ownerReferences: [{ ...owner, blockOwnerDeletion: true }] },
  }
  assert.deepEqual(findDrift(desired, owned, 'millrace'), [])
})

test('equal field sets of different owners are one object in memory', () => {
  const lean = leanFor('millrace')
  const fieldsV1 = (uid: string) => ({
    'f:metadata': { 'f:ownerReferences': { [`k:{"uid":"${uid}"}`]: {} } },
    'f:spec': { 'f:x': {} },
  })
  const object = (uid: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'X',
    metadata: {
      name: uid,
      managedFields: [
        { manager: 'other' },
        { manager: 'millrace', operation: 'Apply', apiVersion: 'v1', fieldsV1: fieldsV1(uid) },
      ],
    },
  })
  const [a, b] = [lean(object('a')), lean(object('b'))]
  assert.equal(a.metadata.managedFields?.length, 1)
  assert.equal(a.metadata.managedFields?.[0]?.fieldsV1, b.metadata.managedFields?.[0]?.fieldsV1)
})
