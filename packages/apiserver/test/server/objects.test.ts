import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { configMap, patchOf, startTestServer } from './harness.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
  status: { replicas: 9 },
}

describe('objects', () => {
  test('are created once, with what only the server gives', async (t) => {
    const { call } = await startTestServer(t)
    const created = await call('POST', maps, { body: configMap('a', { data: { x: '1' } }) })
    assert.equal(created.code, 201)
    const { uid, resourceVersion, creationTimestamp, namespace } = created.body.metadata
    assert.match(String(uid), /^[0-9a-f-]{36}$/)
    assert.match(String(creationTimestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.equal(namespace, 'default')
    const again = await call('POST', maps, { body: configMap('a') })
    assert.equal(again.code, 409)
    assert.equal(again.body.reason, 'AlreadyExists')
    assert.equal(again.body.message, 'configmaps "a" already exists')
    const found = await call('GET', `${maps}/a`)
    assert.equal(found.body.metadata.resourceVersion, resourceVersion)
    assert.deepEqual(found.body.data, { x: '1' })
  })

  test('get a generated name, and a new one when it is taken', async (t) => {
    const { call } = await startTestServer(t)
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-' } }
    const names = new Set<string>()
    for (let n = 0; n < 5; n++) names.add(String((await call('POST', maps, { body })).body.metadata.name))
    assert.equal(names.size, 5)
    for (const name of names) assert.match(name, /^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  })

  test('are refused in a namespace that is not there', async (t) => {
    const { call } = await startTestServer(t)
    const answer = await call('POST', '/api/v1/namespaces/nowhere/configmaps', { body: configMap('a') })
    assert.equal(answer.code, 404)
    assert.equal(answer.body.message, 'namespaces "nowhere" not found')
  })

  test('are replaced only by who has seen the latest state', async (t) => {
    const { call } = await startTestServer(t)
    const { body: first } = await call('POST', maps, { body: configMap('a') })
    const changed = { ...first, data: { x: '2' } }
    const second = await call('PUT', `${maps}/a`, { body: changed })
    assert.equal(second.code, 200)
    const stale = await call('PUT', `${maps}/a`, { body: { ...first, data: { x: '3' } } })
    assert.equal(stale.code, 409)
    assert.equal(stale.body.reason, 'Conflict')
    assert.match(
      String(stale.body.message),
      /the object has been modified; please apply your changes to the latest version/,
    )
    assert.deepEqual((await call('GET', `${maps}/a`)).body.data, { x: '2' })
  })

  test('keep their revision when a write changes nothing', async (t) => {
    const { call } = await startTestServer(t)
    const { body: first } = await call('POST', maps, { body: configMap('a', { data: { x: '1' } }) })
    const again = await call('PUT', `${maps}/a`, { body: first })
    assert.equal(again.body.metadata.resourceVersion, first.metadata.resourceVersion)
    const patched = await call('PATCH', `${maps}/a`, { body: { data: { x: '1' } }, headers: patchOf('merge') })
    assert.equal(patched.body.metadata.resourceVersion, first.metadata.resourceVersion)
  })

  test('take every one of many patches at the same time', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', maps, { body: configMap('a') })
    const patch = (n: number) =>
      call('PATCH', `${maps}/a`, { body: { data: { [`k${n}`]: 'v' } }, headers: patchOf('merge') })
    const answers = await Promise.all([...Array(20).keys()].map(patch))
    assert.deepEqual(new Set(answers.map(({ code }) => code)), new Set([200]))
    assert.equal(Object.keys((await call('GET', `${maps}/a`)).body.data ?? {}).length, 20)
  })

  test('are not stored by a dry run', async (t) => {
    const { call } = await startTestServer(t)
    const created = await call('POST', `${maps}?dryRun=All`, { body: configMap('a') })
    assert.equal(created.code, 201)
    assert.equal((await call('GET', `${maps}/a`)).code, 404)
    await call('POST', maps, { body: configMap('a') })
    await call('PATCH', `${maps}/a?dryRun=All`, { body: { data: { x: '1' } }, headers: patchOf('merge') })
    await call('DELETE', `${maps}/a?dryRun=All`)
    assert.equal((await call('GET', `${maps}/a`)).body.data, undefined)
  })

  test('wait for their finalizers when they are deleted', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', maps, { body: { ...configMap('a'), metadata: { name: 'a', finalizers: ['example.com/wait'] } } })
    const deleted = await call('DELETE', `${maps}/a`)
    assert.equal(deleted.code, 200)
    assert.ok(deleted.body.metadata.deletionTimestamp)
    assert.equal((await call('GET', `${maps}/a`)).code, 200)
    const freed = await call('PATCH', `${maps}/a`, {
      body: { metadata: { finalizers: null } },
      headers: patchOf('merge'),
    })
    assert.equal(freed.code, 200)
    assert.equal((await call('GET', `${maps}/a`)).code, 404)
  })

  test('carry the finalizer of the wanted propagation', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', maps, { body: configMap('a') })
    const { body } = await call('DELETE', `${maps}/a?propagationPolicy=Foreground`)
    assert.deepEqual(body.metadata.finalizers, ['foregroundDeletion'])
  })

  test('are deleted only under the preconditions', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', maps, { body: configMap('a') })
    const refused = await call('DELETE', `${maps}/a`, { body: { preconditions: { uid: 'other' } } })
    assert.equal(refused.code, 409)
    const { body } = await call('GET', `${maps}/a`)
    const { uid, resourceVersion } = body.metadata
    const deleted = await call('DELETE', `${maps}/a`, { body: { preconditions: { uid, resourceVersion } } })
    assert.equal(deleted.body.status, 'Success')
  })

  test('split spec and status between their endpoints, and count changes of the spec', async (t) => {
    const { call } = await startTestServer(t)
    const { body: created } = await call('POST', deployments, { body: deployment })
    assert.equal(created.metadata.generation, 1)
    assert.equal(created.status.replicas, undefined, 'status is not for creators')
    const status = { status: { replicas: 2 }, spec: { replicas: 7 } }
    const { body: reported } = await call('PATCH', `${deployments}/web/status`, {
      body: status,
      headers: patchOf('merge'),
    })
    assert.deepEqual([reported.spec.replicas, reported.status.replicas, reported.metadata.generation], [2, 2, 1])
    const { body: scaled } = await call('PATCH', `${deployments}/web/scale`, {
      body: { spec: { replicas: 5 } },
      headers: patchOf('merge'),
    })
    assert.equal(scaled.kind, 'Scale')
    assert.deepEqual([scaled.spec.replicas, scaled.status.selector], [5, 'app=web'])
    const { body: now } = await call('GET', `${deployments}/web`)
    assert.deepEqual([now.spec.replicas, now.status.replicas, now.metadata.generation], [5, 2, 2])
  })

  test('report unknown and duplicate fields as the request asks', async (t) => {
    const { call } = await startTestServer(t)
    const body = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"dota":{},"data":{"x":"1","x":"2"}}`
    const strict = await call('POST', `${maps}?fieldValidation=Strict`, { body })
    assert.equal(strict.code, 400)
    assert.match(String(strict.body.message), /strict decoding error: unknown field "dota", duplicate field "data.x"/)
    const warned = await call('POST', `${maps}?fieldValidation=Warn`, { body })
    assert.equal(warned.code, 201)
    assert.equal(warned.headers.warning, '299 - "unknown field \\"dota\\"", 299 - "duplicate field \\"data.x\\""')
    const ignored = await call('PUT', `${maps}/a?fieldValidation=Ignore`, { body })
    assert.equal(ignored.headers.warning, undefined)
  })

  test('are applied server-side: made, changed, fought over, taken over', async (t) => {
    const { call } = await startTestServer(t)
    const apply = (manager: string, replicas: number, more = '') =>
      call('PATCH', `${deployments}/web?fieldManager=${manager}${more}`, {
        body: { ...deployment, status: undefined, spec: { ...deployment.spec, replicas } },
        headers: patchOf('apply'),
      })
    assert.equal((await apply('one', 1)).code, 201)
    assert.equal((await apply('one', 3)).body.spec.replicas, 3)
    const refused = await apply('two', 4)
    assert.equal(refused.code, 409)
    assert.equal(refused.body.details.causes[0]?.reason, 'FieldManagerConflict')
    assert.equal(refused.body.details.causes[0]?.field, '.spec.replicas')
    assert.equal((await apply('two', 4, '&force=true')).body.spec.replicas, 4)
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: written\ndata:\n  from: 12:30\n'
    const made = await call('PATCH', `${maps}/written?fieldManager=one`, { body: yaml, headers: patchOf('apply') })
    assert.deepEqual(made.body.data, { from: '12:30' })
  })

  test('come as Table, as metadata or as YAML to those who ask', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', maps, { body: configMap('a', { data: { x: '1' } }) })
    const ask = (Accept: string, path = maps) => call('GET', path, { headers: { Accept } })
    const table = await ask('application/json;as=Table;v=v1;g=meta.k8s.io,application/json')
    assert.equal(table.body.kind, 'Table')
    assert.deepEqual(
      table.body.columnDefinitions.map(({ name }) => name),
      ['Name', 'Data', 'Age'],
    )
    assert.equal(table.body.rows[0]?.cells[1], 1)
    const metadata = await ask('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io')
    assert.equal(metadata.body.kind, 'PartialObjectMetadataList')
    assert.equal(metadata.body.items[0]?.data, undefined)
    const protobufFirst = await ask('application/vnd.kubernetes.protobuf,application/json')
    assert.equal(protobufFirst.headers['content-type'], 'application/json')
    assert.equal((await ask('application/vnd.kubernetes.protobuf')).code, 406)
    const yaml = await ask('application/yaml', `${maps}/a`)
    assert.match(String(yaml.body), /^data:\n {2}x: "1"$/m)
  })

  test('come in protobuf from typed clients', async (t) => {
    const { call } = await startTestServer(t)
    const headers = { 'Content-Type': 'application/vnd.kubernetes.protobuf' }
    const load = (name: string) => readFileSync(join(import.meta.dirname, 'testdata', `${name}.protobuf`))
    const made = await call('POST', deployments, { body: load('deployment'), headers })
    assert.equal(made.code, 201)
    assert.equal(made.body.spec.template.spec.containers[0]?.ports[0]?.containerPort, 80)
    const secret = await call('POST', '/api/v1/namespaces/default/secrets', { body: load('secret'), headers })
    assert.equal(secret.body.data.a, Buffer.from('b').toString('base64'))
    const ingresses = '/apis/networking.k8s.io/v1/namespaces/default/ingresses'
    const ingress = await call('POST', ingresses, { body: load('ingress'), headers })
    assert.equal(ingress.body.spec.rules[0]?.http.paths[0]?.backend.service.port.number, 8080)
    const quota = await call('POST', '/api/v1/namespaces/default/resourcequotas', { body: load('quota'), headers })
    assert.deepEqual(quota.body.spec.hard, { cpu: '1', memory: '1G' })
    for (const body of ['k8s\0\xff\xff', 'nope', '']) {
      assert.equal((await call('POST', deployments, { body: Buffer.from(body, 'latin1'), headers })).code, 400)
    }
  })
})
