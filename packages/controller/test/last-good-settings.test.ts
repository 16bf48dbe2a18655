import assert from 'node:assert/strict'
import test from 'node:test'
import { type Client, KubeError, resources, silentLog } from '@millrace/kube'
import { createVirtualClock } from '@millrace/testkit'
import { lastGoodName, lastGoodSettings } from '../src/last-good-settings.ts'
import { createServingCluster } from './memory-cluster.ts'

/** A server that fails the first calls to it. */
function setUp(failures: number, httpStatus: number) {
  const cluster = createServingCluster()
  const clock = createVirtualClock()
  const ended = new AbortController()
  let left = failures
  const fail = (): void => {
    if (left-- > 0) throw new KubeError({ code: 'Trouble', message: 'get configmaps: trouble', httpStatus })
  }
  const client: Client = {
    ...cluster.client,
    get: async (...args) => {
      fail()
      return cluster.client.get(...args)
    },
    apply: async (...args) => {
      fail()
      return cluster.client.apply(...args)
    },
  }
  const settings = lastGoodSettings({
    client,
    namespace: 'kserve',
    clock,
    random: () => 0,
    log: silentLog,
    signal: ended.signal,
  })
  const kept = () => cluster.get(resources.configMaps, 'kserve', lastGoodName)?.['data']
  return { cluster, clock, settings, kept, end: () => ended.abort() }
}

test('keeps the settings although the server fails for a while', async () => {
  const { clock, settings, kept } = setUp(3, 503)
  settings.keep({ ingress: '{}' })
  await clock.advance(60_000)
  assert.deepEqual(kept(), { ingress: '{}' })
})

test('keeps the newest of several settings', async () => {
  const { clock, settings, kept } = setUp(1, 500)
  for (const text of ['1', '2', '3']) settings.keep({ ingress: text })
  await clock.advance(60_000)
  assert.deepEqual(kept(), { ingress: '3' })
})

test('reads what was good although the server fails for a while: defaults would replace every pod', async () => {
  const { cluster, clock, settings } = setUp(3, 429)
  cluster.put(resources.configMaps, { metadata: { namespace: 'kserve', name: lastGoodName }, data: { ingress: 'x' } })
  const read = settings.read()
  await clock.advance(60_000)
  assert.deepEqual(await read, { ingress: 'x' })
})

test('goes on without them where they may not be read, and ends with its owner', async () => {
  const forbidden = setUp(100, 403)
  assert.equal(await forbidden.settings.read(), undefined)
  const unreachable = setUp(100, 503)
  const read = unreachable.settings.read()
  unreachable.end()
  await unreachable.clock.advance(1)
  assert.equal(await read, undefined)
  assert.equal(unreachable.clock.pending, 0)
})
