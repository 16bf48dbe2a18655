import assert from 'node:assert/strict'
import test from 'node:test'
import {
  applyObjects,
  byApplyOrder,
  createSettledDrift,
  KubeError,
  type KubeObject,
  pruneObjects,
  resources,
} from '../src/index.ts'
import { createMemoryClient } from './memory-client.ts'

const owner = { apiVersion: 'v1', kind: 'Owner', name: 'o', uid: 'owner-uid', controller: true }
const configMap = (name: string, data: Record<string, string> = { a: '1' }, owners = [owner]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'default', name, ownerReferences: owners },
  data,
})

function setUp(before?: (call: string) => void) {
  const memory = createMemoryClient(before)
  const options = {
    fieldManager: 'millrace',
    resourceOf: (object: KubeObject) => (object.kind === 'ConfigMap' ? resources.configMaps : undefined),
    live: (_: unknown, name: { name: string }) => memory.objects.get(`configmaps default/${name.name}`),
  }
  const run = async (...objects: KubeObject[]) =>
    (await applyObjects(memory.client, objects, options)).map(
      (result) => `${result.object.metadata.name} ${result.action}${result.error ? ` ${result.error.code}` : ''}`,
    )
  return { ...memory, options, run }
}

test('writes what is not as rendered, and nothing else', async () => {
  const { run, calls } = setUp()
  assert.deepEqual(await run(configMap('a'), configMap('b')), ['a created', 'b created'])
  calls.length = 0
  assert.deepEqual(await run(configMap('a'), configMap('b', { a: '2' })), ['a unchanged', 'b configured'])
  assert.deepEqual(calls, ['apply configmaps default/b'])
})

test("never writes over another owner's object, a user's own, or one of an earlier life", async () => {
  const { objects, run, calls } = setUp()
  const put = (name: string, owners: (typeof owner)[]) =>
    objects.set(`configmaps default/${name}`, configMap(name, { mine: '1' }, owners))
  put('other', [{ ...owner, name: 'p', uid: 'else' }])
  put('user', [])
  put('earlier', [{ ...owner, uid: 'before' }])
  assert.deepEqual(await run(configMap('other'), configMap('user'), configMap('earlier')), [
    'other failed OwnedByOther',
    'user failed OwnedByOther',
    'earlier failed OwnedByOther',
  ])
  assert.deepEqual(calls, [])
})

test('a refusal of one object does not stop the others', async () => {
  const { run } = setUp((call) => {
    if (call.endsWith('/a')) throw new KubeError({ code: 'Invalid', httpStatus: 422, message: 'no' })
  })
  const unknown = { ...configMap('x'), kind: 'Unknown' }
  assert.deepEqual(await run(configMap('a'), unknown, configMap('b')), [
    'a failed Invalid',
    'x failed NotServed',
    'b created',
  ])
})

test('a server that cannot be reached is asked once', async () => {
  const { run, calls } = setUp(() => {
    throw new KubeError({ code: 'Unreachable', message: 'gone' })
  })
  assert.deepEqual(await run(configMap('a'), configMap('b')), ['a failed Unreachable', 'b failed Unreachable'])
  assert.equal(calls.length, 1)
})

test('what the server spells its own way is written once, until either side changes', async () => {
  const { client, objects, options, calls } = setUp()
  const settled = createSettledDrift()
  const normalizing = {
    ...client,
    apply: async (...args: Parameters<typeof client.apply>) => {
      const applied = await client.apply(...args)
      applied['data'] = { a: 'normalized' }
      objects.set('configmaps default/a', structuredClone(applied))
      return applied
    },
  } as typeof client
  const run = async (data: Record<string, string>) =>
    (await applyObjects(normalizing, [configMap('a', data)], { ...options, settled }))[0]?.action
  assert.equal(await run({ a: '1' }), 'created')
  assert.equal(await run({ a: '1' }), 'unchanged')
  assert.equal(calls.length, 1)
  assert.equal(await run({ a: '2' }), 'configured')
  const live = objects.get('configmaps default/a')
  if (live) live['data'] = { a: 'by somebody' }
  assert.equal(await run({ a: '2' }), 'configured')
})

test('prunes what is owned and no longer rendered, and only the object that was seen', async () => {
  const { client, objects, options, run, calls } = setUp()
  await run(configMap('keep'), configMap('drop'), configMap('again'))
  const owned = [...objects.values()].map((object) => structuredClone(object))
  const again = objects.get('configmaps default/again')
  if (again) again.metadata.uid = 'a-new-life'
  const going = {
    ...configMap('going'),
    metadata: { ...configMap('going').metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
  }
  calls.length = 0
  const results = await pruneObjects(client, [...owned, going], [configMap('keep')], options)
  assert.deepEqual(
    results.map(({ object, action }) => `${object.metadata.name} ${action}`),
    ['drop deleted', 'again deleted'],
  )
  assert.deepEqual([...objects.keys()].sort(), ['configmaps default/again', 'configmaps default/keep'])
})

test('what is referred to comes first', () => {
  const kinds = [
    'Deployment',
    'InferenceService',
    'Service',
    'ConfigMap',
    'Namespace',
    'CustomResourceDefinition',
    'Secret',
    'ServiceAccount',
  ]
  const sorted = kinds.map((kind) => ({ ...configMap('x'), kind })).sort(byApplyOrder)
  assert.deepEqual(
    sorted.map(({ kind }) => kind),
    [
      'CustomResourceDefinition',
      'Namespace',
      'ServiceAccount',
      'Secret',
      'ConfigMap',
      'Service',
      'Deployment',
      'InferenceService',
    ],
  )
})
