import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type ClientOptions, createClient, fixedConnection, KubeError, resources } from '../src/index.ts'
import { type Handler, sendJson, sendStatus, startFakeServer } from './fake-api.ts'
import { collect } from './collect.ts'

const fast: ClientOptions = { deadlineMs: 2_000, random: () => 0 }
const web = { namespace: 'default', name: 'web' }

async function connect(t: TestContext, handler: Handler, options: ClientOptions = {}) {
  const server = await startFakeServer(handler)
  const client = createClient(fixedConnection({ server: server.url, token: 'secret-token' }), { ...fast, ...options })
  t.after(async () => {
    await client.close()
    await server.close()
  })
  return { client, server }
}

const pod = (name: string) => ({ metadata: { name, namespace: 'default', resourceVersion: '1' } })

test('paths, verbs, selectors and bodies are those of the Kubernetes API', async (t) => {
  const seen: string[] = []
  const { client } = await connect(t, (request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['content-type'] ?? '-'} ${request.text}`)
    sendJson(response, 200, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, items: [] })
  })
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: web }
  await client.get(resources.pods, web, { subresource: 'status' })
  await client.list(resources.deployments, { namespace: 'a/b', labelSelector: 'x=y,z', limit: 5 })
  await client.create(
    resources.namespaces,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } },
    { dryRun: true },
  )
  await client.create(resources.pods, object, { subresource: 'binding' })
  await client.replace(resources.pods, object)
  await client.patch(resources.pods, web, 'json', [{ op: 'remove', path: '/x' }])
  await client.apply(resources.pods, object, { fieldManager: 'm', force: true, subresource: 'status' })
  await client.delete(resources.pods, web, { propagationPolicy: 'Background', preconditions: { uid: 'u' } })
  const body = JSON.stringify(object)
  assert.deepEqual(seen, [
    'GET /api/v1/namespaces/default/pods/web/status - ',
    'GET /apis/apps/v1/namespaces/a%2Fb/deployments?labelSelector=x%3Dy%2Cz&limit=5 - ',
    'POST /api/v1/namespaces?dryRun=All&fieldValidation=Ignore application/json {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"}}',
    `POST /api/v1/namespaces/default/pods/web/binding?fieldValidation=Ignore application/json ${body}`,
    `PUT /api/v1/namespaces/default/pods/web?fieldValidation=Ignore application/json ${body}`,
    'PATCH /api/v1/namespaces/default/pods/web?fieldValidation=Ignore application/json-patch+json [{"op":"remove","path":"/x"}]',
    `PATCH /api/v1/namespaces/default/pods/web/status?fieldManager=m&fieldValidation=Ignore&force=true application/apply-patch+yaml ${body}`,
    'DELETE /api/v1/namespaces/default/pods/web application/json {"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background","preconditions":{"uid":"u"}}',
  ])
})

test('a list walks all pages and gives every item its kind', async (t) => {
  const { client, server } = await connect(
    t,
    (request, response) => {
      const page = Number(request.query.get('continue') ?? 0)
      const metadata = { resourceVersion: '7', ...(page < 2 && { continue: String(page + 1) }) }
      sendJson(response, 200, { kind: 'PodList', apiVersion: 'v1', metadata, items: [pod(`p${page}`)] })
    },
    { pageSize: 1 },
  )
  const list = await client.list(resources.pods)
  assert.deepEqual(
    list.items.map((item) => [item.apiVersion, item.kind, item.metadata.name]),
    [
      ['v1', 'Pod', 'p0'],
      ['v1', 'Pod', 'p1'],
      ['v1', 'Pod', 'p2'],
    ],
  )
  assert.equal(server.requests.length, 3)
})

test('a metadata-only read keeps metadata alone, even from a server that sends everything', async (t) => {
  const { client } = await connect(t, (request, response) => {
    assert.match(request.headers.accept ?? '', /as=PartialObjectMetadata/)
    sendJson(response, 200, {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata: {},
      items: [{ ...pod('p'), kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', spec: {} }],
    })
  })
  const list = await client.list(resources.pods, { metadataOnly: true })
  assert.deepEqual(Object.keys(list.items[0] ?? {}).sort(), ['apiVersion', 'kind', 'metadata'])
  assert.equal(list.items[0]?.kind, 'Pod')
})

test("a refusal carries the server's reason, code and words, and says what was being done", async (t) => {
  const { client } = await connect(t, (_, response) =>
    sendStatus(response, 409, 'AlreadyExists', 'pods "web" already exists'),
  )
  await assert.rejects(client.create(resources.pods, { apiVersion: 'v1', kind: 'Pod', metadata: web }), {
    name: 'KubeError',
    code: 'AlreadyExists',
    httpStatus: 409,
    retryable: false,
    message: 'create pods default/web: pods "web" already exists',
  })
})

test('an error page of a proxy is shown in short', async (t) => {
  const { client } = await connect(t, (_, response) => {
    response.writeHead(502, { 'content-type': 'text/html' })
    response.end(`<html>\n<b>Bad   gateway</b>${'x'.repeat(5000)}`)
  })
  await assert.rejects(client.get(resources.pods, web), (error: KubeError) => {
    assert.equal(error.code, 'Http502')
    assert.equal(error.retryable, true)
    assert.ok(error.message.startsWith('get pods default/web: <html> <b>Bad gateway</b>') && error.message.length < 400)
    return true
  })
})

test('429 is repeated after the time that the server asks for, whatever the verb', async (t) => {
  let calls = 0
  const { client } = await connect(t, (_, response) => {
    calls += 1
    if (calls === 1) return sendStatus(response, 429, 'TooManyRequests', 'later', { 'retry-after': '0' })
    sendJson(response, 201, { apiVersion: 'v1', kind: 'Pod', ...pod('web') })
  })
  await client.create(resources.pods, { apiVersion: 'v1', kind: 'Pod', metadata: web })
  assert.equal(calls, 2)
})

test('a wait that the deadline does not allow is not begun', async (t) => {
  const { client, server } = await connect(t, (_, response) =>
    sendStatus(response, 429, 'TooManyRequests', 'later', { 'retry-after': '60' }),
  )
  await assert.rejects(client.get(resources.pods, web), {
    code: 'TooManyRequests',
    retryAfterMs: 60_000,
    retryable: true,
  })
  assert.equal(server.requests.length, 1)
})

test('a connection that breaks is tried again for a read, never for a write', async (t) => {
  let reads = 0
  const { client, server } = await connect(t, (request, response) => {
    if (request.method === 'GET' && ++reads === 3)
      return sendJson(response, 200, { apiVersion: 'v1', kind: 'Pod', ...pod('web') })
    request.socket.destroy()
  })
  assert.equal((await client.get(resources.pods, web)).metadata.name, 'web')
  const before = server.requests.length
  await assert.rejects(client.patch(resources.pods, web, 'merge', {}), { code: 'Unreachable', retryable: true })
  assert.equal(server.requests.length, before + 1)
})

test('a server that is not there is an error with a name, soon', async () => {
  const server = await startFakeServer(() => {})
  await server.close()
  const client = createClient(fixedConnection({ server: server.url }), { ...fast, attemptsMax: 2 })
  await assert.rejects(client.get(resources.pods, web), {
    code: 'Unreachable',
    message: /get pods default\/web: no connection .*ECONNREFUSED/,
  })
  await client.close()
})

test('a slow server ends in a timeout, and the next call goes through', async (t) => {
  let isSlow = true
  const { client } = await connect(
    t,
    (_, response) => {
      if (!isSlow) return sendJson(response, 200, { apiVersion: 'v1', kind: 'Pod', ...pod('web') })
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"apiVersion":')
    },
    { deadlineMs: 100, connectionsMax: 1 },
  )
  await assert.rejects(client.get(resources.pods, web), { code: 'Timeout', retryable: true })
  isSlow = false
  assert.equal((await client.get(resources.pods, web)).metadata.name, 'web')
})

test("the caller's signal ends a call at once, also one that waits for a connection", async (t) => {
  const { client } = await connect(t, () => {}, { connectionsMax: 1 })
  const abort = new AbortController()
  const calls = [1, 2].map(() => client.get(resources.pods, web, { signal: abort.signal }))
  setTimeout(() => abort.abort(), 20)
  for (const call of calls) await assert.rejects(call, { code: 'Aborted', retryable: false })
  await assert.rejects(client.get(resources.pods, web, { signal: AbortSignal.abort() }), { code: 'Aborted' })
})

test('garbage is an error and not a crash: no HTTP, no JSON, not a list, gzip that is none', async (t) => {
  let mode = 0
  const { client } = await connect(
    t,
    (request, response) => {
      if (mode === 0) return void request.socket.end('garbage\0\xff\r\n\r\n')
      if (mode === 1) return void response.end('{"items": [')
      if (mode === 2) return sendJson(response, 200, { metadata: {}, items: [17] })
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end('not gzip')
    },
    { attemptsMax: 1 },
  )
  for (mode = 0; mode < 4; mode++)
    await assert.rejects(client.list(resources.pods), { code: 'BadAnswer' }, `mode ${mode}`)
})

test('an answer is bounded, also what it becomes after gzip', async (t) => {
  const big = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x'.repeat(200_000) } })
  let gzip = false
  const { client } = await connect(
    t,
    (_, response) => {
      if (!gzip) return void response.end(big)
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(gzipSync(big))
    },
    { bodyBytesMax: 100_000 },
  )
  await assert.rejects(client.get(resources.pods, web), { code: 'AnswerTooLarge' })
  gzip = true
  await assert.rejects(client.get(resources.pods, web), { code: 'AnswerTooLarge' })
})

test('gzip is read', async (t) => {
  const { client } = await connect(t, (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' })
    response.end(gzipSync(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...pod('web') })))
  })
  assert.equal((await client.get(resources.pods, web)).metadata.name, 'web')
})

test('no more connections than allowed, and watches have their own', async (t) => {
  let open = 0
  let most = 0
  const { client } = await connect(
    t,
    (request, response) => {
      if (request.query.get('watch') === 'true') {
        response.writeHead(200)
        return response.flushHeaders()
      }
      most = Math.max(most, ++open)
      setTimeout(() => {
        open -= 1
        sendJson(response, 200, { apiVersion: 'v1', kind: 'Pod', ...pod('web') })
      }, 5)
    },
    { connectionsMax: 3 },
  )
  const abort = new AbortController()
  const watches = Array.from({ length: 5 }, async () => {
    for await (const _ of client.watch(resources.pods, { signal: abort.signal })) assert.fail()
  })
  await Promise.all(Array.from({ length: 20 }, () => client.get(resources.pods, web)))
  assert.equal(most, 3)
  abort.abort()
  await Promise.all(watches)
})

test('credentials that the server no longer takes are fetched anew, once', async (t) => {
  const server = await startFakeServer((request, response) => {
    if (request.headers.authorization === 'Bearer new')
      return sendJson(response, 200, { apiVersion: 'v1', kind: 'Pod', ...pod('web') })
    sendStatus(response, 401, 'Unauthorized', 'Unauthorized')
  })
  let token = 'old'
  let fresh = 'new'
  const connection = {
    ...fixedConnection({ server: server.url }),
    credentials: async () => ({ authorization: `Bearer ${token}` }),
    forgetCredentials: () => {
      token = fresh
      return true
    },
  }
  const client = createClient(connection, fast)
  t.after(() => Promise.all([client.close(), server.close()]))
  assert.equal((await client.get(resources.pods, web)).metadata.name, 'web')
  fresh = token = 'bad'
  await assert.rejects(client.get(resources.pods, web), { code: 'Unauthorized' })
  assert.equal(server.requests.length, 4)
})

test('no error tells a token', async (t) => {
  const { client } = await connect(t, (_, response) => sendStatus(response, 403, 'Forbidden', 'no'))
  const error = await client.get(resources.pods, web).catch((caught: unknown) => caught)
  assert.ok(error instanceof KubeError)
  assert.ok(!JSON.stringify([error, error.message, error.stack]).includes('secret-token'))
})

test('a call without a name never becomes a call on the whole collection', async (t) => {
  const { client, server } = await connect(t, (_, response) => sendJson(response, 200, {}))
  await assert.rejects(client.delete(resources.pods, { namespace: 'default', name: '' }), { code: 'BadCall' })
  await assert.rejects(client.delete(resources.pods, { name: 'x' }), {
    code: 'BadCall',
    message: /lives in a namespace/,
  })
  await assert.rejects(client.get(resources.pods, { namespace: 'default', name: '..' }), { code: 'BadCall' })
  assert.deepEqual(server.requests, [])
})

test('a watch gives events, ends with its signal, and fails where the server refuses', async (t) => {
  let refuse = false
  const { client } = await connect(t, (_, response) => {
    if (refuse) return sendStatus(response, 410, 'Expired', 'too old')
    response.writeHead(200)
    response.write('{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}}\n')
  })
  const abort = new AbortController()
  const names: (string | undefined)[] = []
  for await (const event of client.watch(resources.pods, { signal: abort.signal })) {
    if (event.type === 'ADDED') names.push(event.object.metadata.name)
    abort.abort()
  }
  assert.deepEqual(names, ['a'])
  refuse = true
  await assert.rejects(collect(client.watch(resources.pods)), { code: 'Expired', httpStatus: 410 })
})

test('warnings of admission are told, of what is taken and of what is refused', async (t) => {
  const { client } = await connect(t, (request, response) => {
    const headers = { warning: '299 - "spec.a: say \\"b\\", please", 299 - "second"' }
    if (request.method === 'PUT') return sendStatus(response, 403, 'Forbidden', 'no', headers)
    sendJson(response, 200, { apiVersion: 'v1', kind: 'Pod', metadata: web }, headers)
  })
  const told: string[] = []
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: web }
  const options = { fieldManager: 'm', onWarning: (text: string) => void told.push(text) }
  await client.apply(resources.pods, object, options)
  await client.create(resources.pods, object, options)
  await client.patch(resources.pods, web, 'merge', {}, options)
  await assert.rejects(client.replace(resources.pods, object, options), /no/)
  assert.deepEqual(told, Array(4).fill(['spec.a: say "b", please', 'second']).flat())
})
