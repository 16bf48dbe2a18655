import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openDurableStore } from '../../src/store/durable-store.ts'
import { StoreError, type StoreEvent } from '../../src/store/store.ts'
import { contents, put, remove, scratchDirectory } from './scratch.ts'

const isCode = (code: string) => (error: unknown) => error instanceof StoreError && error.code === code

describe('durable store', () => {
  test('keeps what was committed across a close and an open', async (t) => {
    const directory = scratchDirectory(t)
    const first = await openDurableStore({ directory })
    await first.commit([put('a', '1'), put('b', '2')])
    await first.commit([remove('a')])
    await first.commit([put('ü/ö', 'ß🙂')])
    const { revision } = first
    await first.close()
    const second = await openDurableStore({ directory })
    assert.deepEqual(contents(second), { b: '2', 'ü/ö': 'ß🙂' })
    assert.equal(second.revision, revision)
    await second.close()
  })

  test('gives every write the next revision, in one order for all buckets', async (t) => {
    const store = await openDurableStore({ directory: scratchDirectory(t) })
    assert.deepEqual(await store.commit([put('a', '1')]), [1])
    assert.deepEqual(await store.commit([put('a', '2', undefined, 'others'), put('b', '1')]), [2, 3])
    assert.equal(store.get('things', 'b')?.value, '{"revision":3,"value":"1"}')
    await store.close()
  })

  test('refuses a write whose expected revision is not the present one', async (t) => {
    const store = await openDurableStore({ directory: scratchDirectory(t) })
    await store.commit([put('a', '1', 0)])
    await assert.rejects(store.commit([put('a', '2', 0)]), isCode('Conflict'))
    await assert.rejects(store.commit([put('a', '2', 7)]), isCode('Conflict'))
    await assert.rejects(store.commit([remove('missing')]), isCode('Conflict'))
    await assert.rejects(store.commit([put('b', '1'), put('a', '2', 7)]), isCode('Conflict'))
    assert.deepEqual(contents(store), { a: '1' }, 'a transaction is refused as a whole')
    await store.close()
  })

  test('lets exactly one of many writers with the same expectation win', async (t) => {
    const store = await openDurableStore({ directory: scratchDirectory(t) })
    const outcomes = await Promise.allSettled([...Array(50).keys()].map((n) => store.commit([put('a', String(n), 0)])))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.deepEqual(contents(store), { a: '0' })
    await store.close()
  })

  test('lists by prefix, in order, in pages, and as of an older revision', async (t) => {
    const store = await openDurableStore({ directory: scratchDirectory(t) })
    for (const key of ['b/2', 'a/1', 'b/1', 'c/1', 'b-x/1']) await store.commit([put(key, key)])
    const keys = (range: Parameters<typeof store.list>[1]) => store.list('things', range).entries.map(({ key }) => key)
    assert.deepEqual(keys({}), ['a/1', 'b-x/1', 'b/1', 'b/2', 'c/1'])
    assert.deepEqual(keys({ prefix: 'b/' }), ['b/1', 'b/2'])
    const page = store.list('things', { limit: 2 })
    assert.equal(page.remaining, 3)
    assert.deepEqual(keys({ after: 'b-x/1', limit: 2 }), ['b/1', 'b/2'])
    const then = store.revision
    await store.commit([remove('b/1')])
    await store.commit([put('b/3', 'new')])
    await store.commit([put('a/1', 'changed')])
    assert.deepEqual(keys({ prefix: 'b/' }), ['b/2', 'b/3'])
    assert.deepEqual(keys({ prefix: 'b/', revision: then }), ['b/1', 'b/2'])
    const old = store.list('things', { revision: then }).entries[0]
    assert.equal(old?.value, '{"revision":2,"value":"a/1"}')
    assert.throws(() => store.list('things', { revision: 999 }), isCode('FutureRevision'))
    await store.close()
  })

  test('tells watchers every change after their revision, once and in order', async (t) => {
    const store = await openDurableStore({ directory: scratchDirectory(t) })
    await store.commit([put('a', '1')])
    await store.commit([put('a', '2')])
    const seen: string[] = []
    const note = ({ type, entry, revision }: StoreEvent): void => void seen.push(`${type} ${entry.key} ${revision}`)
    const handle = store.watch('things', 1, note)
    await store.commit([put('b', '1'), remove('a')])
    await store.commit([put('x', '1', undefined, 'others')])
    handle.close()
    await store.commit([put('c', '1')])
    assert.deepEqual(seen, ['MODIFIED a 2', 'ADDED b 3', 'DELETED a 4'])
    await store.close()
  })

  test('forgets old events within its bounds and says so', async (t) => {
    const history = { eventsMax: 3, bytesMax: 1_000_000 }
    const store = await openDurableStore({ directory: scratchDirectory(t), history })
    for (let n = 1; n <= 10; n++) await store.commit([put('a', String(n))])
    assert.throws(() => store.watch('things', 5, () => undefined), isCode('Compacted'))
    assert.throws(() => store.list('things', { revision: 5 }), isCode('Compacted'))
    const seen: number[] = []
    store.watch('things', 7, ({ revision }) => void seen.push(revision))
    assert.deepEqual(seen, [8, 9, 10])
    await store.close()
  })

  test('lets a watch go on from before a restart', async (t) => {
    const directory = scratchDirectory(t)
    const first = await openDurableStore({ directory })
    for (let n = 1; n <= 4; n++) await first.commit([put('a', String(n))])
    await first.close()
    const second = await openDurableStore({ directory })
    const seen: number[] = []
    second.watch('things', 2, ({ revision }) => void seen.push(revision))
    assert.deepEqual(seen, [3, 4])
    await second.close()
  })

  test('replaces the log by a snapshot when it has grown, and loses nothing by it', async (t) => {
    const directory = scratchDirectory(t)
    const options = { directory, compactAfterBytes: 20_000 }
    const first = await openDurableStore(options)
    for (let n = 0; n < 400; n++) await first.commit([put(`k${n % 40}`, `${n}`.padEnd(200, 'x'))])
    const expected = contents(first)
    await first.close()
    const names = readdirSync(directory)
    assert.equal(names.filter((name) => name.startsWith('snapshot-')).length, 1)
    const logBytes = names.filter((name) => name.startsWith('log-')).map((name) => statSync(join(directory, name)).size)
    assert.ok(logBytes.reduce((sum, bytes) => sum + bytes, 0) < 60_000, 'the log stays near its bound')
    const second = await openDurableStore(options)
    assert.deepEqual(contents(second), expected)
    assert.equal(second.revision, 400)
    await second.close()
  })

  test('keeps restarts from piling up files', async (t) => {
    const directory = scratchDirectory(t)
    for (let n = 0; n < 20; n++) {
      const store = await openDurableStore({ directory })
      await store.commit([put('a', String(n))])
      await store.close()
    }
    assert.ok(readdirSync(directory).length < 14, readdirSync(directory).join(' '))
    const store = await openDurableStore({ directory })
    assert.deepEqual(contents(store), { a: '19' })
    await store.close()
  })

  test('keeps its files from other users of the machine', async (t) => {
    const directory = join(scratchDirectory(t), 'state')
    const store = await openDurableStore({ directory, compactAfterBytes: 100 })
    for (let n = 0; n < 10; n++) await store.commit([put('a', String(n).repeat(100))])
    await store.close()
    assert.equal(statSync(directory).mode & 0o777, 0o700)
    for (const name of readdirSync(directory)) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name)
  })

  test('refuses work after it was closed', async (t) => {
    const store = await openDurableStore({ directory: scratchDirectory(t) })
    await store.close()
    await assert.rejects(store.commit([put('a', '1')]), isCode('Closed'))
  })
})
