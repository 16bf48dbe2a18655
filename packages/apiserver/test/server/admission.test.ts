import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import {
  certPem,
  configMap,
  eventually,
  type Json,
  keyPem,
  patchOf,
  startTestServer,
  type TestServer,
} from './harness.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const group = '/apis/admissionregistration.k8s.io/v1'
const caBundle = Buffer.from(certPem).toString('base64')

interface Hook {
  readonly url: string
  readonly port: number
  /** Requests so far. */
  readonly asked: Json[]
}

/** A webhook server whose answers the test decides. */
async function startHook(t: TestContext, answer: (request: Json) => object | number): Promise<Hook> {
  const asked: Json[] = []
  const server = createServer({ cert: certPem, key: keyPem }, (message, response) => {
    let text = ''
    message.on('data', (chunk) => {
      text += String(chunk)
    })
    message.on('end', () => {
      const review = JSON.parse(text) as Json
      asked.push(review.request)
      const given = answer(review.request)
      if (typeof given === 'number') {
        response.writeHead(given).end('no')
        return
      }
      const { apiVersion, kind } = review
      response.end(JSON.stringify({ apiVersion, kind, response: { uid: review.request.uid, ...given } }))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return { url: `https://127.0.0.1:${port}/`, port, asked }
}

const patch = (operations: readonly object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})

async function configure(
  call: TestServer['call'],
  kind: 'Mutating' | 'Validating',
  url: string,
  more: object = {},
  name = 'hooks',
): Promise<void> {
  const webhook = {
    name: 'hook.example.com',
    clientConfig: { url, caBundle },
    rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 2,
    ...more,
  }
  const body = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name },
    webhooks: [webhook],
  }
  const { code, body: answer } = await call('POST', `${group}/${kind.toLowerCase()}webhookconfigurations`, { body })
  assert.equal(code, 201, String(answer.message))
}

describe('admission webhooks', () => {
  test('may change an object, and warn', async (t) => {
    const { call } = await startTestServer(t)
    const add = { op: 'add', path: '/data', value: { x: 'added' } }
    const hook = await startHook(t, () => ({ ...patch([add]), warnings: ['be careful'] }))
    await configure(call, 'Mutating', hook.url)
    const made = await call('POST', maps, { body: configMap('a') })
    assert.deepEqual(made.body.data, { x: 'added' })
    assert.equal(made.headers.warning, '299 - "be careful"')
    const [request] = hook.asked
    assert.deepEqual([request?.operation, request?.name, request?.namespace], ['CREATE', 'a', 'default'])
    assert.equal(request?.userInfo.username, 'admin')
  })

  test('may refuse a write, with their own reason', async (t) => {
    const { call } = await startTestServer(t)
    const hook = await startHook(t, (request) => ({
      allowed: String(request.operation) !== 'DELETE',
      status: { message: 'keep it', code: 403, reason: 'Forbidden' },
    }))
    await configure(call, 'Validating', hook.url)
    await call('POST', maps, { body: configMap('a') })
    const refused = await call('DELETE', `${maps}/a`)
    assert.deepEqual(
      [refused.code, refused.body.reason, refused.body.message],
      [403, 'Forbidden', 'admission webhook "hook.example.com" denied the request: keep it'],
    )
    assert.equal((await call('GET', `${maps}/a`)).code, 200)
  })

  test('that fail refuse the write, or are ignored, as they are configured', async (t) => {
    const { call } = await startTestServer(t)
    const hook = await startHook(t, () => 500)
    await configure(call, 'Validating', hook.url, { failurePolicy: 'Fail' })
    const refused = await call('POST', maps, { body: configMap('a') })
    assert.equal(refused.code, 500)
    assert.match(String(refused.body.message), /failed calling webhook "hook.example.com": .* answered 500/)
    await call('DELETE', `${group}/validatingwebhookconfigurations/hooks`)
    await configure(call, 'Validating', hook.url, { failurePolicy: 'Ignore' })
    assert.equal((await call('POST', maps, { body: configMap('a') })).code, 201)
  })

  test('are called only for what their rules and selectors match', async (t) => {
    const { call } = await startTestServer(t)
    const hook = await startHook(t, () => ({ allowed: true }))
    await configure(call, 'Validating', hook.url, {
      rules: [{ operations: ['UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      objectSelector: { matchLabels: { watched: 'yes' } },
      namespaceSelector: {
        matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['default'] }],
      },
      matchConditions: [{ name: 'large', expression: 'size(object.data) > 1 && request.userInfo.username == "admin"' }],
    })
    const labelled = (name: string, data: object) => ({
      ...configMap(name, { data }),
      metadata: { name, labels: { watched: 'yes' } },
    })
    await call('POST', maps, { body: labelled('a', { x: '1' }) })
    const change = (data: object) => call('PATCH', `${maps}/a`, { body: { data }, headers: patchOf('merge') })
    await change({ x: '2' })
    assert.equal(hook.asked.length, 0)
    assert.equal((await change({ a: '3' })).code, 200)
    assert.equal(hook.asked.length, 1)
    const elsewhere = '/api/v1/namespaces/kube-public/configmaps'
    await call('POST', elsewhere, { body: labelled('a', { x: '1', a: '1' }) })
    await call('PATCH', `${elsewhere}/a`, { body: { data: { x: '2' } }, headers: patchOf('merge') })
    assert.equal(hook.asked.length, 1)
  })

  test('with side effects refuse a dry run', async (t) => {
    const { call } = await startTestServer(t)
    const hook = await startHook(t, () => ({ allowed: true }))
    await configure(call, 'Mutating', hook.url, { sideEffects: 'NoneOnDryRun' })
    assert.equal((await call('POST', `${maps}?dryRun=All`, { body: configMap('a') })).code, 201)
    assert.equal(hook.asked[0]?.['dryRun' as never], true)
  })

  test('are asked again when a later one has changed the object, if they want to be', async (t) => {
    const { call } = await startTestServer(t)
    const first = await startHook(t, () => ({ allowed: true }))
    const second = await startHook(t, () => patch([{ op: 'add', path: '/data', value: { x: '1' } }]))
    await configure(call, 'Mutating', first.url, { reinvocationPolicy: 'IfNeeded' }, 'a')
    await configure(call, 'Mutating', second.url, {}, 'b')
    await call('POST', maps, { body: configMap('a') })
    assert.deepEqual([first.asked.length, second.asked.length], [2, 1])
    assert.deepEqual(first.asked[1]?.object.data, { x: '1' })
  })

  test('are reached through their Service and its endpoints', async (t) => {
    const { call } = await startTestServer(t)
    const hook = await startHook(t, () => ({ allowed: true }))
    const ports = [{ name: 'https', port: 443, targetPort: hook.port }]
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'hook' },
      spec: { ports, selector: { a: 'b' } },
    }
    await call('POST', '/api/v1/namespaces/default/services', { body: service })
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
      ports: [{ name: 'https', port: hook.port, protocol: 'TCP' }],
    }
    await call('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', { body: slice })
    const clientConfig = { service: { name: 'hook', namespace: 'default', path: '/validate' }, caBundle }
    await configure(call, 'Validating', hook.url, { clientConfig })
    const { code, body } = await call('POST', maps, { body: configMap('a') })
    assert.equal(code, 201, String(body.message))
    assert.equal(hook.asked.length, 1)
  })

  test('that are too slow or not trusted are failures', async (t) => {
    const { call } = await startTestServer(t)
    const hook = await startHook(t, () => ({ allowed: true }))
    await configure(call, 'Validating', hook.url, { clientConfig: { url: hook.url } })
    const untrusted = await call('POST', maps, { body: configMap('a') })
    assert.equal(untrusted.code, 500)
    assert.match(String(untrusted.body.message), /self-signed certificate/)
    assert.equal(hook.asked.length, 0)
  })
})

describe('conversion webhooks', () => {
  test('carry objects between versions that differ', async (t) => {
    const { call } = await startTestServer(t)
    const convert = (object: Json, apiVersion: string): object => {
      const { size, ...spec } = object.spec as unknown as Record<string, unknown>
      return apiVersion.endsWith('v2')
        ? { ...object, apiVersion, spec: { ...spec, extra: size } }
        : { ...object, apiVersion, spec: { size: object.spec.extra } }
    }
    const hook = await startHook(t, (request) => {
      const { objects, desiredAPIVersion } = request as unknown as { objects: Json[]; desiredAPIVersion: string }
      const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion))
      return { result: { status: 'Success' }, convertedObjects }
    })
    const version = (name: string, field: string) => ({
      name,
      served: true,
      storage: name === 'v1',
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: { spec: { type: 'object', properties: { [field]: { type: 'integer' } } } },
        },
      },
    })
    const webhook = { clientConfig: { url: hook.url, caBundle }, conversionReviewVersions: ['v1'] }
    const body = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names: { plural: 'things', kind: 'Thing' },
        versions: [version('v1', 'size'), version('v2', 'extra')],
        conversion: { strategy: 'Webhook', webhook },
      },
    }
    assert.equal((await call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body })).code, 201)
    const thing = { apiVersion: 'example.com/v2', kind: 'Thing', metadata: { name: 'a' }, spec: { extra: 7 } }
    const made = await call('POST', '/apis/example.com/v2/things', { body: thing })
    assert.equal(made.code, 201, String(made.body.message))
    const { body: stored } = await call('GET', '/apis/example.com/v1/things/a')
    assert.deepEqual(stored.spec, { size: 7 })
    const list = await eventually(
      () => call('GET', '/apis/example.com/v2/things'),
      ({ code }) => code === 200,
    )
    assert.deepEqual(list.body.items[0]?.spec, { extra: 7 })
  })
})
