import assert from 'node:assert/strict'
import test from 'node:test'
import { createVirtualClock } from '@millrace/testkit'
import { createEventRecorder, KubeError, type KubeObject } from '../src/index.ts'
import { createMemoryClient } from './memory-client.ts'

const about: KubeObject = { apiVersion: 'x/v1', kind: 'Thing', metadata: { namespace: 'ns', name: 'thing', uid: 'u' } }
const news = { type: 'Warning', reason: 'Broken', message: 'It broke.' } as const

function setUp(before?: (call: string) => void) {
  const clock = createVirtualClock()
  const memory = createMemoryClient(before)
  const recorder = createEventRecorder({ client: memory.client, component: 'millrace', clock })
  const events = () => [...memory.objects.values()]
  return { ...memory, clock, recorder, events }
}

test('the same news is one Event that counts; other news is another', async () => {
  const { recorder, events, clock } = setUp()
  for (let index = 0; index < 3; index++) recorder.record(about, news)
  recorder.record(about, { ...news, message: 'It broke again.' })
  await recorder.flush()
  assert.deepEqual(
    events().map((event) => event['count']),
    [3, 1],
  )
  assert.deepEqual(events()[0]?.['involvedObject'], {
    apiVersion: 'x/v1',
    kind: 'Thing',
    name: 'thing',
    namespace: 'ns',
    uid: 'u',
  })
  assert.equal(events()[0]?.metadata.namespace, 'ns')
  await clock.advance(11 * 60_000)
  recorder.record(about, news)
  await recorder.flush()
  assert.equal(events().length, 3)
})

test('an Event that the server has forgotten is made anew', async () => {
  const { recorder, objects, events } = setUp()
  recorder.record(about, news)
  await recorder.flush()
  objects.clear()
  recorder.record(about, news)
  await recorder.flush()
  assert.equal(events().length, 1)
})

test('one object in trouble does not flood the server, nor hide the news of another', async () => {
  const { recorder, calls } = setUp()
  for (let index = 0; index < 200; index++) recorder.record(about, { ...news, message: `number ${index}` })
  await recorder.flush()
  assert.equal(calls.length, 25)
  recorder.record({ ...about, metadata: { ...about.metadata, uid: 'other' } }, news)
  await recorder.flush()
  assert.equal(calls.length, 26)
})

test('a server that refuses or is gone never disturbs the caller', async () => {
  const { recorder } = setUp(() => {
    throw new KubeError({ code: 'Unreachable', message: 'gone' })
  })
  recorder.record(about, news)
  await recorder.flush()
  await recorder.close()
  recorder.record(about, news)
})

test('a long message is cut, a name too', async () => {
  const { recorder, events } = setUp()
  recorder.record(
    { ...about, metadata: { ...about.metadata, name: 'n'.repeat(253) } },
    { ...news, message: 'm'.repeat(5000) },
  )
  await recorder.flush()
  assert.equal(String(events()[0]?.['message']).length, 1024)
  assert.ok((events()[0]?.metadata.name?.length ?? 999) <= 253)
})
