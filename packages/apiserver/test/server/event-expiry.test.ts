import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sweep } from '../../src/registry/event-expiry.ts'
import { openDurableStore } from '../../src/store/durable-store.ts'
import { scratchDirectory } from '../store/scratch.ts'

test('events go an hour after they last happened', async (t) => {
  const store = await openDurableStore({ directory: scratchDirectory(t) })
  const add = (name: string, event: object) =>
    store.commit([{ kind: 'put', bucket: 'events', key: `default/${name}`, encode: () => JSON.stringify(event) }])
  const old = { name: 'x', creationTimestamp: '2026-01-01T10:00:00Z' }
  await add('old', { metadata: old })
  await add('repeated', { metadata: old, lastTimestamp: '2026-01-01T11:30:00Z' })
  await add('series', {
    metadata: old,
    lastTimestamp: null,
    series: { lastObservedTime: '2026-01-01T11:30:00.000001Z' },
  })
  await add('new', { metadata: { ...old, creationTimestamp: '2026-01-01T11:30:00Z' } })
  await sweep({ store, now: () => new Date('2026-01-01T12:00:00Z') })
  assert.deepEqual(
    store.list('events').entries.map(({ key }) => key),
    ['default/new', 'default/repeated', 'default/series'],
  )
  await sweep({ store, now: () => new Date('2026-01-01T12:31:00Z') })
  assert.equal(store.count('events'), 0)
  await store.close()
})
