import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ListenError, StoreError, startApiServer } from '../../src/index.ts'
import { certPem, configMap, keyPem, startTestServer } from './harness.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const rbac = '/apis/rbac.authorization.k8s.io/v1'

describe('safety', () => {
  test('answers nobody without a token it knows', async (t) => {
    const { call } = await startTestServer(t)
    for (const token of ['', 'wrong', 'admin-token2', 'a.b.c', 'x'.repeat(5000)]) {
      const { code, body } = await call('GET', maps, { token })
      assert.deepEqual([code, body.reason], [401, 'Unauthorized'])
    }
    assert.equal((await call('GET', '/version', { token: '' })).code, 401)
  })

  test('gives web pages nothing, not even with a token', async (t) => {
    const { call } = await startTestServer(t)
    for (const headers of [
      { Host: 'evil.example.com' },
      { Host: 'localhost.evil.example.com:443' },
      { Origin: 'https://evil.example.com' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
    ]) {
      const { code, headers: answered } = await call('GET', maps, { headers })
      assert.equal(code, 403, JSON.stringify(headers))
      assert.equal(answered['access-control-allow-origin'], undefined)
    }
    assert.equal((await call('OPTIONS', maps, { headers: { Origin: 'https://evil.example.com' } })).code, 403)
    assert.equal((await call('GET', maps, { headers: { Host: 'localhost:1234' } })).code, 200)
  })

  test('bounds bodies', async (t) => {
    const { call } = await startTestServer(t)
    const body = JSON.stringify(configMap('a', { data: { x: 'y'.repeat(3 * 1024 * 1024) } }))
    const { code, body: answer } = await call('POST', maps, { body })
    assert.deepEqual([code, answer.reason], [413, 'RequestEntityTooLarge'])
    assert.equal((await call('GET', maps)).code, 200)
  })

  test('answers broken requests with the reason, and lives on', async (t) => {
    const { call } = await startTestServer(t)
    for (const body of [
      '{',
      '[]',
      'null',
      '"x"',
      '{"metadata":[]}',
      '{"metadata":{"name":{}}}',
      '{"__proto__":{"a":1},"metadata":{"name":"Q"}}',
    ]) {
      const { code } = await call('POST', maps, { body })
      assert.ok(code === 400 || code === 422, `${body}: ${code}`)
    }
    assert.equal((await call('GET', '/api/v1/namespaces/%zz/configmaps')).code, 404)
    assert.equal((await call('GET', `${maps}/${'x'.repeat(9000)}`)).code, 404)
    assert.equal((await call('GET', maps)).code, 200)
  })

  test('gives service accounts a token, and exactly the rights of their roles', async (t) => {
    const { call } = await startTestServer(t)
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bot' } }
    await call('POST', '/api/v1/namespaces/default/serviceaccounts', { body: account })
    const { body: issued } = await call('POST', '/api/v1/namespaces/default/serviceaccounts/bot/token', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    })
    const token = String(issued.status.token)
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
    const { body: self } = await call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: review,
      token,
    })
    assert.equal(self.status.userInfo.username, 'system:serviceaccount:default:bot')
    const refused = await call('GET', maps, { token })
    assert.equal(refused.code, 403)
    const why =
      'User "system:serviceaccount:default:bot" cannot list resource "configmaps" in API group "" in the namespace "default"'
    assert.equal(refused.body.message, `configmaps is forbidden: ${why}`)
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'reader' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
    }
    await call('POST', `${rbac}/namespaces/default/roles`, { body: role })
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'bot-reads' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'bot', namespace: 'default' }],
    }
    await call('POST', `${rbac}/namespaces/default/rolebindings`, { body: binding })
    assert.equal((await call('GET', maps, { token })).code, 200)
    assert.equal((await call('POST', maps, { token, body: configMap('a') })).code, 403)
    assert.equal((await call('GET', '/api/v1/namespaces/kube-public/configmaps', { token })).code, 403)
    assert.equal((await call('GET', '/api/v1/configmaps', { token })).code, 403)
    const writer = { apiGroups: ['rbac.authorization.k8s.io'], resources: ['rolebindings'], verbs: ['create'] }
    await call('PUT', `${rbac}/namespaces/default/roles/reader`, { body: { ...role, rules: [...role.rules, writer] } })
    const grab = {
      ...binding,
      metadata: { name: 'grab' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    }
    const grabbed = await call('POST', `${rbac}/namespaces/default/rolebindings`, { body: grab, token })
    assert.equal(grabbed.code, 403, 'rights do not grow by themselves')
    assert.match(String(grabbed.body.message), /needs the verb "bind" on clusterroles "cluster-admin"/)
    await call('DELETE', '/api/v1/namespaces/default/serviceaccounts/bot')
    assert.equal((await call('GET', maps, { token })).code, 401)
  })

  test('keeps its files to itself', async (t) => {
    const { call, dataDir } = await startTestServer(t)
    await call('POST', maps, { body: configMap('a') })
    assert.equal(statSync(dataDir).mode & 0o777, 0o700)
    for (const name of readdirSync(dataDir)) assert.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name)
  })
})

describe('starting', () => {
  const options = { tls: { certPem, keyPem }, tokens: [] }

  test('says who has the data directory', async (t) => {
    const { dataDir } = await startTestServer(t)
    await assert.rejects(startApiServer({ ...options, dataDir, port: 0 }), (error: unknown) => {
      assert.ok(error instanceof StoreError)
      assert.equal(error.code, 'DataDirectoryInUse')
      assert.match(error.message, new RegExp(`${dataDir} is in use by process ${process.pid}; stop that process`))
      return true
    })
  })

  test('says that the port is taken, and lets go of the directory', async (t) => {
    const { server } = await startTestServer(t)
    const dataDir = mkdtempSync(join(tmpdir(), 'millrace-apiserver-'))
    await assert.rejects(startApiServer({ ...options, dataDir, port: server.port }), (error: unknown) => {
      assert.ok(error instanceof ListenError)
      assert.equal(error.code, 'PortInUse')
      assert.match(error.message, /is in use by another program; stop it, or choose another port/)
      return true
    })
    await startTestServer(t, { dataDir })
  })
})
