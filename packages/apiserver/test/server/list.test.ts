import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { configMap, type Json, startTestServer, type TestServer } from './harness.ts'

const maps = '/api/v1/namespaces/default/configmaps'

async function make(call: TestServer['call'], names: readonly string[]): Promise<void> {
  for (const name of names) {
    const body = { ...configMap(name), metadata: { name, labels: { odd: String(Number(name.slice(1)) % 2), n: name } } }
    assert.equal((await call('POST', maps, { body })).code, 201)
  }
}

const namesOf = (list: Json): readonly string[] => list.items.map(({ metadata }) => String(metadata.name))

describe('lists', () => {
  test('select by labels and fields', async (t) => {
    const { call } = await startTestServer(t)
    await make(call, ['c1', 'c2', 'c3'])
    const select = async (query: string): Promise<readonly string[]> =>
      namesOf((await call('GET', `${maps}?${query}`)).body)
    const label = (text: string) => select(`labelSelector=${encodeURIComponent(text)}`)
    assert.deepEqual(await label('odd=1'), ['c1', 'c3'])
    assert.deepEqual(await label('odd!=1,n'), ['c2'])
    assert.deepEqual(await label('n in (c1,c2)'), ['c1', 'c2'])
    assert.deepEqual(await label('n notin (c1,c2),odd'), ['c3'])
    assert.deepEqual(await label('!n'), [])
    assert.deepEqual(await label('odd>0'), ['c1', 'c3'])
    assert.deepEqual(await select('fieldSelector=metadata.name%3Dc2'), ['c2'])
    assert.deepEqual(await select('fieldSelector=metadata.name!%3Dc2,metadata.namespace%3Ddefault'), ['c1', 'c3'])
  })

  test('refuse selectors that mean nothing', async (t) => {
    const { call } = await startTestServer(t)
    for (const [query, message] of [
      ['labelSelector=a%3D%3D%3Db', /^unable to parse requirement: found '=', expected: identifier$/],
      ['labelSelector=a in b', /^unable to parse requirement: found 'b',? expected: '\('$/],
      [
        'fieldSelector=spec.x%3Db',
        /^"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"$/,
      ],
    ] as const) {
      const answer = await call('GET', `${maps}?${query.replaceAll(' ', '%20')}`)
      assert.equal(answer.code, 400)
      assert.match(String(answer.body.message), message)
    }
  })

  test('come in pages of one consistent state, whatever is written between them', async (t) => {
    const { call } = await startTestServer(t)
    await make(call, ['c1', 'c2', 'c3', 'c4', 'c5'])
    const { body: first } = await call('GET', `${maps}?limit=2`)
    assert.deepEqual(namesOf(first), ['c1', 'c2'])
    assert.equal(first.metadata.remainingItemCount, 3)
    await call('DELETE', `${maps}/c3`)
    await make(call, ['c6', 'c0'])
    const { body: second } = await call('GET', `${maps}?limit=2&continue=${String(first.metadata.continue)}`)
    assert.deepEqual(namesOf(second), ['c3', 'c4'])
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion)
    const { body: third } = await call('GET', `${maps}?limit=2&continue=${String(second.metadata.continue)}`)
    assert.deepEqual(namesOf(third), ['c5'])
    assert.equal(third.metadata.continue, undefined)
  })

  test('say 410 when their state is forgotten, with a token for the rest as of now', async (t) => {
    const history = { eventsMax: 3, bytesMax: 1_000_000 }
    const { call } = await startTestServer(t, { storeOptions: { history } })
    await make(call, ['c1', 'c2', 'c3'])
    const { body: first } = await call('GET', `${maps}?limit=1`)
    await make(call, ['c4', 'c5', 'c6', 'c7', 'c8'])
    const gone = await call('GET', `${maps}?limit=1&continue=${String(first.metadata.continue)}`)
    assert.deepEqual([gone.code, gone.body.reason], [410, 'Expired'])
    const { body: rest } = await call('GET', `${maps}?continue=${String(gone.body.metadata.continue)}`)
    assert.deepEqual(namesOf(rest), ['c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8'])
  })

  test('honour resourceVersion and its match', async (t) => {
    const { call } = await startTestServer(t)
    await make(call, ['c1'])
    const { body: then } = await call('GET', maps)
    await make(call, ['c2'])
    const version = String(then.metadata.resourceVersion)
    const exact = await call('GET', `${maps}?resourceVersion=${version}&resourceVersionMatch=Exact`)
    assert.deepEqual(namesOf(exact.body), ['c1'])
    const newer = await call('GET', `${maps}?resourceVersion=${version}&resourceVersionMatch=NotOlderThan`)
    assert.deepEqual(namesOf(newer.body), ['c1', 'c2'])
    const future = await call('GET', `${maps}?resourceVersion=99999`)
    assert.deepEqual([future.code, future.body.details.causes[0]?.reason], [504, 'ResourceVersionTooLarge'])
    assert.equal((await call('GET', `${maps}?resourceVersion=x`)).code, 400)
    assert.equal((await call('GET', `${maps}?resourceVersionMatch=Exact`)).code, 422)
  })

  test('leave kind and apiVersion out of built-in items, as kube-apiserver does', async (t) => {
    const { call } = await startTestServer(t)
    await make(call, ['c1'])
    const { body } = await call('GET', maps)
    assert.deepEqual([body.kind, body.apiVersion], ['ConfigMapList', 'v1'])
    assert.deepEqual([body.items[0]?.kind, body.items[0]?.apiVersion], [undefined, undefined])
  })

  test('are compressed when they are large and the client can', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', maps, { body: configMap('big', { data: { x: 'y'.repeat(200_000) } }) })
    const headers = { 'Accept-Encoding': 'gzip' }
    assert.equal(
      (await call('GET', maps, { headers: { ...headers, Accept: 'text/plain, */*' } })).headers['content-encoding'],
      'gzip',
    )
    assert.equal((await call('GET', maps)).headers['content-encoding'], undefined)
  })
})
