import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { createVirtualClock } from '@millrace/testkit'
import {
  type Clock,
  createClient,
  createInformers,
  fixedConnection,
  type InformerOptions,
  type KubeObject,
  type Log,
  resources,
  silentLog,
  startInformer,
} from '../src/index.ts'
import { eventually } from './eventually.ts'
import { createFakeCollection, startFakeServer } from './fake-api.ts'

/** Real time, twenty times faster: waits shrink, order stays. */
const hurried: Clock = {
  now: () => performance.now() * 20,
  elapsed: () => performance.now() * 20,
  setTimeout: (callback, ms) => {
    const timer = setTimeout(callback, ms / 20)
    return () => clearTimeout(timer)
  },
}

async function follow(
  t: TestContext,
  options: InformerOptions = {},
  before: (fake: ReturnType<typeof createFakeCollection>) => void = () => {},
) {
  const fake = createFakeCollection()
  before(fake)
  const server = await startFakeServer(fake.handler)
  const client = createClient(fixedConnection({ server: server.url }), { attemptsMax: 1 })
  const informer = startInformer(client, resources.configMaps, { clock: hurried, random: () => 0, ...options })
  const seen: string[] = []
  informer.onChange((change) => seen.push(`${change.type} ${change.object.metadata.name}`))
  t.after(async () => {
    await informer.stop()
    await client.close()
    await server.close()
  })
  const names = () =>
    informer
      .list()
      .map((object) => object.metadata.name)
      .sort()
  return { fake, server, client, informer, seen, names }
}

for (const watchList of [true, false]) {
  const how = watchList ? 'a stream' : 'pages'

  test(`the first state comes as ${how}, then every change in its order`, async (t) => {
    const { fake, informer, seen, names, server } = await follow(t, {}, (fake) => {
      fake.watchList = watchList
      fake.put('a')
      fake.put('b')
    })
    await informer.synced
    assert.deepEqual(seen, ['added a', 'added b'])
    await eventually('a watch is open', () => fake.watches === 1)
    fake.put('a', { x: '1' })
    fake.remove('b')
    fake.put('c')
    await eventually('c is here', () => names().includes('c'))
    assert.deepEqual(seen.slice(2), ['updated a', 'deleted b', 'added c'])
    assert.deepEqual(names(), ['a', 'c'])
    assert.equal(informer.get({ namespace: 'default', name: 'a' })?.metadata.managedFields, undefined)
    assert.equal(server.requests.length, watchList ? 1 : 3)
  })

  test(`a watch that is cut goes on from where it was (first state as ${how})`, async (t) => {
    const { fake, informer, seen, names } = await follow(t, {}, (fake) => {
      fake.watchList = watchList
      fake.put('a')
    })
    await informer.synced
    await eventually('a watch is open', () => fake.watches === 1)
    for (const [index, name] of ['b', 'c', 'd'].entries()) {
      if (index === 1) fake.endWatches()
      else fake.cutWatches()
      fake.put(name)
      await eventually(`${name} is here`, () => names().includes(name))
      await eventually('the watch is open again', () => fake.watches === 1)
    }
    assert.deepEqual(seen, ['added a', 'added b', 'added c', 'added d'])
    assert.equal(fake.lists, watchList ? 0 : 1)
  })

  test(`lost history (410) means: read again, and tell only what is different (first state as ${how})`, async (t) => {
    const { fake, informer, seen, names } = await follow(t, {}, (fake) => {
      fake.watchList = watchList
      for (const name of ['a', 'b', 'c']) fake.put(name)
    })
    await informer.synced
    await eventually('a watch is open', () => fake.watches === 1)
    fake.refuse = () => ({ code: 503, reason: 'ServiceUnavailable' })
    fake.cutWatches()
    await eventually('the trouble is known', () => informer.trouble !== undefined)
    assert.match(informer.trouble?.message ?? '', /^watch configmaps: /)
    fake.put('a', { changed: 'yes' })
    fake.remove('b')
    fake.put('d')
    fake.forgetHistory()
    fake.refuse = undefined
    await eventually('d is here', () => names().includes('d'))
    assert.deepEqual(names(), ['a', 'c', 'd'])
    assert.deepEqual(seen.slice(3).sort(), ['added d', 'deleted b', 'updated a'])
    await eventually('the trouble is over', () => informer.trouble === undefined)
  })
}

test('what was deleted and made anew while nobody looked is two lives', async (t) => {
  const { fake, informer, seen } = await follow(t, {}, (fake) => fake.put('a'))
  await informer.synced
  await eventually('a watch is open', () => fake.watches === 1)
  fake.refuse = () => ({ code: 500, reason: 'InternalError' })
  fake.cutWatches()
  await eventually('the trouble is known', () => informer.trouble !== undefined)
  fake.remove('a')
  fake.put('a')
  fake.forgetHistory()
  fake.refuse = undefined
  await eventually('told', () => seen.length === 3)
  assert.deepEqual(seen, ['added a', 'deleted a', 'added a'])
})

test('an ERROR event with 410 inside the stream is lost history too', async (t) => {
  const { fake, informer, names } = await follow(t, {}, (fake) => fake.put('a'))
  await informer.synced
  await eventually('a watch is open', () => fake.watches === 1)
  fake.forgetHistory()
  fake.sendRaw('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n')
  fake.put('b')
  await eventually('b is here', () => names().includes('b'))
})

test('garbage in the stream is survived', async (t) => {
  const { fake, informer, names } = await follow(t)
  await informer.synced
  await eventually('a watch is open', () => fake.watches === 1)
  fake.sendRaw('\x00\xff{{{ not an event\n')
  await eventually('the trouble is known', () => informer.trouble !== undefined)
  fake.put('b')
  await eventually('b is here', () => names().includes('b'))
})

test('never gives up: a resource that is forbidden, then absent, then served', async (t) => {
  const warnings: string[] = []
  const log: Log = {
    ...silentLog,
    warn: (message, fields) => warnings.push(`${message}: ${String(fields?.['error'])}`),
  }
  const { fake, informer } = await follow(t, { log }, (fake) => {
    fake.put('a')
    fake.refuse = () => ({ code: 403, reason: 'Forbidden' })
  })
  await eventually('forbidden', () => informer.trouble?.message.includes('Forbidden') === true)
  fake.refuse = () => ({ code: 404, reason: 'NotFound' })
  await eventually('absent', () => informer.trouble?.message.includes('NotFound') === true)
  assert.equal(informer.isSynced, false)
  fake.refuse = undefined
  await informer.synced
  assert.equal(informer.list().length, 1)
  assert.equal(
    warnings.length,
    2,
    `one line for each kind of trouble, not one for each attempt: ${warnings.join('\n')}`,
  )
})

test('waits longer after each failure, and a server that always says 410 is not hammered', async (t) => {
  const fake = createFakeCollection()
  const server = await startFakeServer(fake.handler)
  const clock = createVirtualClock()
  fake.watchList = false
  fake.refuse = (_, isWatch) => (isWatch ? { code: 410, reason: 'Expired' } : undefined)
  const client = createClient(fixedConnection({ server: server.url }), { attemptsMax: 1 })
  const informer = startInformer(client, resources.configMaps, { clock, random: () => 0, watchList: false })
  t.after(async () => {
    await informer.stop()
    await client.close()
    await server.close()
  })
  await informer.synced
  // Two rounds at once: the first loss of history costs no wait.
  await eventually('two rounds', () => server.requests.length === 4 && clock.pending === 1)
  const rounds: number[] = []
  for (let waited = 0; rounds.length < 4; waited += 100) {
    const before = server.requests.length
    await clock.advance(100)
    await eventually('the round is over', () => clock.pending === 1)
    if (server.requests.length > before) rounds.push(waited)
  }
  const waits = rounds.map((at, index) => at - (rounds[index - 1] ?? 0))
  for (const [index, wait] of waits.entries()) if (index > 1) assert.ok(wait > (waits[index - 1] ?? 0), String(waits))
})

for (const keptSmall of [false, true]) {
  test(`indexes follow every change (kept ${keptSmall ? 'small' : 'whole'})`, async (t) => {
    const { fake, informer, names } = await follow(
      t,
      { keptSmall, indexers: { color: (object) => Object.values(Object(object['data'])) } },
      (fake) => {
        fake.put('a', { color: 'red' })
        fake.put('b', { color: 'red' })
      },
    )
    await informer.synced
    const red = () => informer.by('color', 'red').map((object) => object.metadata.name)
    assert.deepEqual(red(), ['a', 'b'])
    await eventually('a watch is open', () => fake.watches === 1)
    fake.put('a', { color: 'blue' })
    fake.remove('b')
    fake.put('c')
    await eventually('c is here', () => names().includes('c'))
    assert.deepEqual(red(), [])
    assert.equal(informer.by('color', 'blue').length, 1)
    assert.throws(() => informer.by('size', 'x'), /no index named size/)
  })
}

test('what is kept small is given back as it was, its managed fields shared', async (t) => {
  const managedFields = [{ manager: 'millrace' }]
  const transform = <T extends KubeObject>(object: T): T => ({
    ...object,
    metadata: { ...object.metadata, managedFields },
  })
  const { informer } = await follow(t, { keptSmall: true, transform }, (fake) => {
    fake.put('a', { text: 'ä\u2028"\n' })
    for (let index = 0; index < 200; index++) fake.put(`many-${index}`, { text: `${index} ä` })
  })
  await informer.synced
  const [first, again] = [
    informer.list().find(({ metadata }) => metadata.name === 'a'),
    informer.get({ namespace: 'default', name: 'a' }),
  ]
  assert.deepEqual(first, again)
  assert.deepEqual(first?.['data'], { text: 'ä\u2028"\n' })
  assert.equal(first?.metadata.managedFields, managedFields)
  assert.deepEqual(informer.get({ namespace: 'default', name: 'many-7' })?.['data'], { text: '7 ä' })
  assert.equal([...informer.keys()].length, 201)
  assert.deepEqual([...informer.keys('default')].sort(), [...informer.keys()].sort())
})

test('remembers what we wrote until the watch has told of it, and never goes back in time', async (t) => {
  const { fake, informer, seen } = await follow(t, {}, (fake) => fake.put('a'))
  await informer.synced
  await eventually('a watch is open', () => fake.watches === 1)
  const at = { namespace: 'default', name: 'a' }
  const old = informer.get(at)
  assert.ok(old)
  const ours = { ...old, metadata: { ...old.metadata, resourceVersion: '99' }, data: { ours: 'yes' } }
  informer.remember(ours)
  assert.deepEqual(informer.get(at)?.['data'], { ours: 'yes' })
  informer.remember({ ...old, data: { stale: 'yes' } })
  fake.put('a', { between: 'yes' }) // an older version that the watch tells late
  fake.put('b')
  await eventually('b is here', () => seen.includes('added b'))
  assert.deepEqual(informer.get(at)?.['data'], { ours: 'yes' })
  fake.remove('b')
  await eventually('b is gone', () => seen.includes('deleted b'))
})

test('what was deleted meanwhile does not come back by remembering', async (t) => {
  const { fake, informer, seen } = await follow(t)
  await informer.synced
  await eventually('a watch is open', () => fake.watches === 1)
  const written = fake.put('a')
  fake.remove('a')
  await eventually('gone', () => seen.includes('deleted a'))
  informer.remember(written)
  assert.equal(informer.list().length, 0)
})

test('forgets what the server says is gone, but no other life of the same name', async (t) => {
  const { fake, informer, seen } = await follow(t)
  await informer.synced
  await eventually('a watch is open', () => fake.watches === 1)
  const written = fake.put('a')
  await eventually('a is here', () => seen.includes('added a'))
  informer.forget({ ...written, metadata: { ...written.metadata, uid: 'an-earlier-life' } })
  assert.equal(informer.list().length, 1)
  informer.forget(written)
  assert.equal(informer.list().length, 0)
  assert.ok(seen.includes('deleted a'))
})

test('a stopped informer says nothing more and holds no connection', async (t) => {
  const { fake, informer, seen } = await follow(t)
  await informer.synced
  await eventually('a watch is open', () => fake.watches === 1)
  await informer.stop()
  await eventually('the watch is closed', () => fake.watches === 0)
  fake.put('a')
  assert.deepEqual(seen, [])
})

test('the same resource and selection is one informer, another selection another', async (t) => {
  const fake = createFakeCollection()
  const server = await startFakeServer(fake.handler)
  const client = createClient(fixedConnection({ server: server.url }))
  const informers = createInformers(client, { clock: hurried })
  t.after(async () => {
    await informers.close()
    await client.close()
    await server.close()
  })
  const one = informers.informer(resources.configMaps, { labelSelector: 'a=b' })
  assert.equal(informers.informer(resources.configMaps, { labelSelector: 'a=b' }), one)
  const other = informers.informer(resources.configMaps)
  assert.notEqual(other, one)
  await informers.synced
  await informers.stop(one)
  assert.notEqual(informers.informer(resources.configMaps, { labelSelector: 'a=b' }), one)
})

test('a server that takes the parameter of WatchList and ignores it is listed', async (t) => {
  const fake = createFakeCollection()
  fake.put('a')
  const server = await startFakeServer((request, response) => {
    if (!request.query.has('sendInitialEvents')) return fake.handler(request, response)
    response.writeHead(200)
    response.flushHeaders()
  })
  const client = createClient(fixedConnection({ server: server.url }))
  const informer = startInformer(client, resources.configMaps, { clock: hurried })
  t.after(async () => {
    await informer.stop()
    await client.close()
    await server.close()
  })
  await informer.synced
  assert.equal(informer.list().length, 1)
})
