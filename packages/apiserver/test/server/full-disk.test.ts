import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFaultyFileSystem } from '../store/faulty-file-system.ts'
import { configMap, patchOf, startTestServer } from './harness.ts'

const maps = '/api/v1/namespaces/default/configmaps'

test('a full disk refuses writes with the reason, changes nothing, and is over when there is space', async (t) => {
  const fileSystem = createFaultyFileSystem()
  const { call, watch } = await startTestServer(t, { storeOptions: { fileSystem } })
  await call('POST', maps, { body: configMap('a', { data: { x: '1' } }) })
  const { body: list } = await call('GET', maps)
  const stream = await watch(`${maps}?watch=1&resourceVersion=${String(list.metadata.resourceVersion)}`)
  fileSystem.failNth(1, { code: 'ENOSPC', lasting: true, partial: true })
  for (const attempt of [
    () => call('POST', maps, { body: configMap('b') }),
    () => call('PATCH', `${maps}/a`, { body: { data: { x: '2' } }, headers: patchOf('merge') }),
    () => call('DELETE', `${maps}/a`),
  ]) {
    const { code, body } = await attempt()
    assert.equal(code, 500)
    assert.match(String(body.message), /could not be made durable in .*ENOSPC.*nothing was changed/)
  }
  assert.deepEqual((await call('GET', `${maps}/a`)).body.data, { x: '1' })
  assert.equal((await call('GET', `${maps}/b`)).code, 404)
  fileSystem.heal()
  assert.equal((await call('POST', maps, { body: configMap('c') })).code, 201)
  const next = await stream.next()
  assert.equal(next.object.metadata.name, 'c', 'watches saw nothing of what was refused')
  stream.stop()
})
