import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { configMap, patchOf, startTestServer, type TestServer, type WatchLine } from './harness.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const initialEnd = { 'k8s.io/initial-events-end': 'true' }

const label = (call: TestServer['call'], name: string, labels: Record<string, string>) =>
  call('PATCH', `${maps}/${name}`, { body: { metadata: { labels } }, headers: patchOf('merge') })

const told = ({ type, object }: WatchLine): string => `${type} ${String(object.metadata.name)}`

describe('watches', () => {
  test('tell every change after a revision, in order', async (t) => {
    const { call, watch } = await startTestServer(t)
    const { body: list } = await call('GET', maps)
    const stream = await watch(`${maps}?watch=1&resourceVersion=${String(list.metadata.resourceVersion)}`)
    await call('POST', maps, { body: configMap('a') })
    await label(call, 'a', { x: '1' })
    await call('DELETE', `${maps}/a`)
    const lines = [await stream.next(), await stream.next(), await stream.next()]
    assert.deepEqual(lines.map(told), ['ADDED a', 'MODIFIED a', 'DELETED a'])
    const versions = lines.map(({ object }) => Number(object.metadata.resourceVersion))
    assert.deepEqual(
      versions,
      versions.toSorted((a, b) => a - b),
    )
    stream.stop()
  })

  test('without a revision start with what is there', async (t) => {
    const { call, watch } = await startTestServer(t)
    await call('POST', maps, { body: configMap('a') })
    for (const query of ['watch=true', 'watch=true&resourceVersion=0']) {
      const stream = await watch(`${maps}?${query}`)
      assert.equal(told(await stream.next()), 'ADDED a')
      stream.stop()
    }
  })

  test('with sendInitialEvents mark the end of what is there', async (t) => {
    const { call, watch } = await startTestServer(t)
    await call('POST', maps, { body: configMap('a') })
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    const stream = await watch(`${maps}?${query}`)
    assert.equal(told(await stream.next()), 'ADDED a')
    const mark = await stream.next()
    assert.equal(mark.type, 'BOOKMARK')
    assert.deepEqual(mark.object.metadata.annotations, initialEnd)
    await call('POST', maps, { body: configMap('b') })
    const change = await stream.next()
    assert.ok(Number(change.object.metadata.resourceVersion) > Number(mark.object.metadata.resourceVersion))
    stream.stop()
  })

  test('turn changes into additions and deletions for what a selector sees', async (t) => {
    const { call, watch } = await startTestServer(t)
    const stream = await watch(`${maps}?watch=1&labelSelector=on%3Dyes`)
    await call('POST', maps, { body: configMap('a') })
    await label(call, 'a', { on: 'yes' })
    await label(call, 'a', { on: 'yes', other: '1' })
    const { body: left } = await label(call, 'a', { on: 'no' })
    await label(call, 'a', { on: 'yes' })
    await call('DELETE', `${maps}/a`)
    const lines: WatchLine[] = []
    for (let n = 0; n < 5; n++) lines.push(await stream.next())
    assert.deepEqual(lines.map(told), ['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED a', 'DELETED a'])
    assert.equal(lines[2]?.object.metadata.labels['other' as never], '1', 'the last state that matched')
    assert.equal(lines[2]?.object.metadata.resourceVersion, left.metadata.resourceVersion)
    stream.stop()
  })

  test('see their namespace only', async (t) => {
    const { call, watch } = await startTestServer(t)
    const stream = await watch('/api/v1/namespaces/kube-public/configmaps?watch=1')
    await call('POST', maps, { body: configMap('a') })
    await call('POST', '/api/v1/namespaces/kube-public/configmaps', { body: configMap('b') })
    assert.equal(told(await stream.next()), 'ADDED b')
    stream.stop()
  })

  test('say 410 in the stream when their revision is forgotten', async (t) => {
    const history = { eventsMax: 3, bytesMax: 1_000_000 }
    const { call, watch } = await startTestServer(t, { storeOptions: { history } })
    for (let n = 0; n < 6; n++) await call('POST', maps, { body: configMap(`c${n}`) })
    const lines = await (await watch(`${maps}?watch=1&resourceVersion=1`)).rest()
    assert.equal(lines.length, 1)
    assert.deepEqual([lines[0]?.type, lines[0]?.object.code, lines[0]?.object.reason], ['ERROR', 410, 'Expired'])
  })

  test('end when their time is over, with a bookmark to go on from', async (t) => {
    const { call, watch } = await startTestServer(t)
    await call('POST', maps, { body: configMap('a') })
    const lines = await (await watch(`${maps}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true`)).rest()
    assert.deepEqual(
      lines.map(({ type }) => type),
      ['ADDED', 'BOOKMARK'],
    )
    const again = await watch(`${maps}?watch=1&resourceVersion=${String(lines[1]?.object.metadata.resourceVersion)}`)
    await call('POST', maps, { body: configMap('b') })
    assert.equal(told(await again.next()), 'ADDED b')
    again.stop()
  })

  test('go on after a restart of the server from where they were', async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'millrace-apiserver-'))
    const first = await startTestServer(t, { dataDir })
    const { body: made } = await first.call('POST', maps, { body: configMap('a') })
    await first.call('POST', maps, { body: configMap('b') })
    const open = await first.watch(`${maps}?watch=1`)
    await first.close()
    assert.deepEqual((await open.rest()).map(told), ['ADDED a', 'ADDED b'], 'closing ends watches')
    const second = await startTestServer(t, { dataDir })
    const stream = await second.watch(`${maps}?watch=1&resourceVersion=${String(made.metadata.resourceVersion)}`)
    assert.equal(told(await stream.next()), 'ADDED b')
    stream.stop()
  })

  test('all see the same under load, and lose nothing', async (t) => {
    const { call, watch } = await startTestServer(t)
    const streams = await Promise.all([...Array(20).keys()].map(() => watch(`${maps}?watch=1`)))
    const writers = [...Array(8).keys()].map(async (writer) => {
      for (let n = 0; n < 10; n++) await call('POST', maps, { body: configMap(`w${writer}-${n}`) })
    })
    const seen = await Promise.all(
      streams.map(async (stream) => {
        const names: string[] = []
        while (names.length < 80) names.push(told(await stream.next()))
        stream.stop()
        return names.join()
      }),
    )
    await Promise.all(writers)
    assert.equal(new Set(seen).size, 1)
  })

  test('come as tables that name their columns once', async (t) => {
    const { call, watch } = await startTestServer(t)
    await call('POST', maps, { body: configMap('a') })
    await call('POST', maps, { body: configMap('b') })
    const stream = await watch(`${maps}?watch=1`, { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
    const columns = [await stream.next(), await stream.next()].map(
      ({ object }) => object.columnDefinitions?.length ?? 0,
    )
    assert.deepEqual(columns, [3, 0])
    stream.stop()
  })
})
