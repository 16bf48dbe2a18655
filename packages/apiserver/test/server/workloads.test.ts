import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { configMap, eventually, patchOf, startTestServer } from './harness.ts'

const core = '/api/v1/namespaces/default'
const pod = (name: string, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { containers: [{ name: 'main', image: 'nginx' }], ...spec },
})
const service = (name: string, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: 'x' }, ports: [{ port: 80 }], ...spec },
})

describe('pods', () => {
  test('are completed by admission', async (t) => {
    const { call } = await startTestServer(t)
    const { body } = await call('POST', `${core}/pods`, { body: pod('a') })
    assert.equal(body.status.phase, 'Pending')
    assert.equal(body.spec.priority, 0)
    assert.equal(body.spec['serviceAccountName' as never], 'default')
    assert.deepEqual(body.spec['tolerations' as never]?.['length'], 2)
  })

  test('go at once before they run, and keep their grace period once they do', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', `${core}/pods`, { body: pod('a') })
    await call('DELETE', `${core}/pods/a`)
    assert.equal((await call('GET', `${core}/pods/a`)).code, 404)
    await call('POST', `${core}/pods`, { body: pod('b', { nodeName: 'n' }) })
    const { body: deleted } = await call('DELETE', `${core}/pods/b`)
    assert.equal(deleted.metadata.deletionGracePeriodSeconds, 30)
    const { body: shorter } = await call('DELETE', `${core}/pods/b?gracePeriodSeconds=5`)
    assert.equal(shorter.metadata.deletionGracePeriodSeconds, 5)
    await call('DELETE', `${core}/pods/b?gracePeriodSeconds=0`)
    assert.equal((await call('GET', `${core}/pods/b`)).code, 404)
  })

  test('are bound to a node once', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', `${core}/pods`, { body: pod('a') })
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'a' }, target: { kind: 'Node', name: 'n' } }
    assert.equal((await call('POST', `${core}/pods/a/binding`, { body: binding })).code, 201)
    const { body } = await call('GET', `${core}/pods?fieldSelector=spec.nodeName%3Dn`)
    assert.equal(body.items[0]?.status.conditions[0]?.type, 'PodScheduled')
    assert.equal((await call('POST', `${core}/bindings`, { body: binding })).code, 409)
  })

  test('are evicted unless a budget forbids it', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', `${core}/pods`, { body: pod('a', { nodeName: 'n' }) })
    const running = { body: { status: { phase: 'Running' } }, headers: patchOf('merge') }
    await call('PATCH', `${core}/pods/a/status`, running)
    const spec = { minAvailable: 1, selector: { matchLabels: { app: 'a' } } }
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'a' }, spec }
    await call('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', { body: budget })
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'a', namespace: 'default' } }
    assert.equal((await call('POST', `${core}/pods/a/eviction`, { body })).code, 429)
    await call('DELETE', '/apis/policy/v1/namespaces/default/poddisruptionbudgets/a')
    assert.equal((await call('POST', `${core}/pods/a/eviction`, { body })).code, 201)
    assert.ok((await call('GET', `${core}/pods/a`)).body.metadata.deletionTimestamp)
  })

  test('have their logs read from the node, with the token that both know', async (t) => {
    const asked: IncomingMessage[] = []
    const kubelet = createServer((request, response) => {
      asked.push(request)
      if (request.url?.includes('/init?')) response.writeHead(404).end('container "init" has not started')
      else response.end('line 1\nline 2\n')
    })
    await new Promise<void>((resolve) => {
      kubelet.listen(0, '127.0.0.1', resolve)
    })
    t.after(() => kubelet.close())
    const { call } = await startTestServer(t, { kubelet: { token: 'kubelet-token', scheme: 'http' } })
    const { port } = kubelet.address() as AddressInfo
    await call('POST', '/api/v1/nodes', { body: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } } })
    const status = {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    }
    await call('PATCH', '/api/v1/nodes/n/status', { body: { status }, headers: patchOf('merge') })
    const initContainers = [{ name: 'init', image: 'x' }]
    await call('POST', `${core}/pods`, { body: pod('a', { nodeName: 'n', initContainers }) })
    const log = await call('GET', `${core}/pods/a/log?tailLines=5&follow=true&unknown=1`)
    assert.equal(String(log.body), 'line 1\nline 2\n')
    assert.equal(asked[0]?.url, '/containerLogs/default/a/main?tailLines=5&follow=true')
    assert.equal(asked[0]?.headers.authorization, 'Bearer kubelet-token')
    const early = await call('GET', `${core}/pods/a/log?container=init`)
    assert.deepEqual([early.code, early.body.message], [400, 'container "init" has not started'])
    const wrong = await call('GET', `${core}/pods/a/log?container=nope`)
    assert.deepEqual([wrong.code, wrong.body.message], [400, 'container nope is not valid for pod a'])
  })
})

describe('services', () => {
  test('get an address of their own', async (t) => {
    const { call } = await startTestServer(t)
    const addresses = new Set<string>()
    for (const name of ['a', 'b', 'c']) {
      const { body } = await call('POST', `${core}/services`, { body: service(name) })
      assert.match(String(body.spec.clusterIP), /^10\.96\.\d+\.\d+$/)
      addresses.add(String(body.spec.clusterIP))
    }
    assert.equal(addresses.size, 3)
  })

  test('keep it, may ask for one, and do not share', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', `${core}/services`, { body: service('a', { clusterIP: '10.96.0.50' }) })
    assert.equal(
      (await call('POST', `${core}/services`, { body: service('b', { clusterIP: '10.96.0.50' }) })).code,
      422,
    )
    assert.equal((await call('PUT', `${core}/services/a`, { body: service('a') })).body.spec.clusterIP, '10.96.0.50')
    await call('DELETE', `${core}/services/a`)
    assert.equal(
      (await call('POST', `${core}/services`, { body: service('b', { clusterIP: '10.96.0.50' }) })).code,
      201,
    )
    const { body: headless } = await call('POST', `${core}/services`, { body: service('c', { clusterIP: 'None' }) })
    assert.deepEqual(headless.spec.clusterIPs, ['None'])
    const external = service('d', { type: 'ExternalName', externalName: 'example.com' })
    assert.equal((await call('POST', `${core}/services`, { body: external })).body.spec.clusterIP, undefined)
  })
})

describe('namespaces', () => {
  const namespaces = '/api/v1/namespaces'

  test('take their content along', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', namespaces, { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } } })
    const maps = `${namespaces}/team/configmaps`
    await call('POST', maps, { body: configMap('a') })
    const held = { ...configMap('held'), metadata: { name: 'held', finalizers: ['example.com/wait'] } }
    await call('POST', maps, { body: held })
    const { body } = await call('DELETE', `${namespaces}/team`)
    assert.equal(body.status.phase, 'Terminating')
    const { body: waiting } = await eventually(
      () => call('GET', `${namespaces}/team`),
      (answer) => (answer.body.status.conditions?.length ?? 0) > 0,
    )
    assert.match(JSON.stringify(waiting.status.conditions), /configmaps\. has 1 resource instances/)
    assert.match(JSON.stringify(waiting.status.conditions), /example\.com\/wait in 1 resource instances/)
    const late = await call('POST', maps, { body: configMap('late') })
    assert.equal(late.code, 403)
    assert.equal(late.body.details.causes[0]?.reason, 'NamespaceTerminating')
    await call('PATCH', `${maps}/held`, { body: { metadata: { finalizers: null } }, headers: patchOf('merge') })
    await eventually(
      () => call('GET', `${namespaces}/team`),
      ({ code }) => code === 404,
    )
  })

  test('that the system needs stay', async (t) => {
    const { call } = await startTestServer(t)
    const { code, body } = await call('DELETE', `${namespaces}/default`)
    assert.deepEqual(
      [code, body.message],
      [403, 'namespaces "default" is forbidden: this namespace may not be deleted'],
    )
  })

  test('have a default service account', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', namespaces, { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } } })
    for (const name of ['default', 'team']) {
      await eventually(
        () => call('GET', `${namespaces}/${name}/serviceaccounts/default`),
        ({ code }) => code === 200,
      )
    }
  })
})
