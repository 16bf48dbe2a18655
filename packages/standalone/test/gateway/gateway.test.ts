import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { resources } from '@millrace/kube'
import { startGateway } from '../../src/gateway/start-gateway.ts'
import { eventually } from '../eventually.ts'
import { errorOf, gatewayFixture, settled } from './gateway-fixture.ts'

test('routes an Ingress host and every form of cluster name to the ready pods', async (t) => {
  const { serve, service, ingress, ask } = await gatewayFixture(t)
  const { port } = await serve((request, response) => response.end(`${request.headers.host} ${request.url}`))
  service('iris', [{ port }])
  ingress('iris-default.example.com', 'iris')
  await settled()
  for (const host of [
    'iris-default.example.com',
    'iris.default',
    'iris.default.svc',
    'iris.default.svc.cluster.local',
    'IRIS.default.svc:80',
  ]) {
    const answer = await ask(host, '/v1/models?a=b')
    assert.equal(answer.status, 200, host)
    assert.equal(answer.text, `${host} /v1/models?a=b`)
  }
  const proxied = await ask('ignored', 'http://iris.default.svc.cluster.local/v2')
  assert.equal(proxied.text, 'iris.default.svc.cluster.local /v2')
})

test('says which host, service or port is missing, and leads to nothing on this machine beside Services', async (t) => {
  const { service, ingress, ask, cluster } = await gatewayFixture(t)
  service('iris', [{ port: 1, ready: false, serving: false }])
  ingress('iris.example.com', 'iris')
  ingress('lost.example.com', 'nobody')
  cluster.put(resources.services, {
    metadata: { name: 'out' },
    spec: { type: 'ExternalName', externalName: 'google.com' },
  })
  await settled()
  const cases: [string, string, number, string, RegExp][] = [
    ['127.0.0.1:1234', '/', 404, 'UnknownHost', /No route is known for host 127\.0\.0\.1.*iris\.example\.com/],
    ['evil.com', '/', 404, 'UnknownHost', /evil\.com/],
    ['x', 'http://127.0.0.1:9/', 502, 'NotAProxy', /127\.0\.0\.1.*NO_PROXY/],
    ['x', 'http://169.254.169.254/latest', 502, 'NotAProxy', /169\.254/],
    ['x', 'http://outside.invalid/', 502, 'BadGateway', /outside\.invalid/],
    [
      'iris.example.com',
      '/',
      503,
      'NoReadyEndpoints',
      /Ingress default\/iris-example-com: Service default\/iris has 1 pod behind it, none of them ready/,
    ],
    ['lost.example.com', '/', 503, 'NoService', /Service default\/nobody does not exist/],
    ['nobody.default.svc', '/', 404, 'NoService', /default\/nobody/],
    ['iris.default.svc:81', '/', 404, 'NoPort', /no port 81; it has 80 \(http\)/],
    ['out.default.svc', '/', 502, 'ExternalName', /outside of the cluster/],
  ]
  for (const [host, path, status, reason, message] of cases) {
    const answer = await ask(host, path)
    assert.equal(answer.status, status, host)
    assert.equal(errorOf(answer).reason, reason)
    assert.match(errorOf(answer).error, message)
  }
})

test('follows an ExternalName to another service of the cluster', async (t) => {
  const { serve, service, ask, cluster } = await gatewayFixture(t)
  const { port } = await serve((_request, response) => response.end('found'))
  service('real', [{ port }])
  cluster.put(resources.services, {
    metadata: { name: 'alias' },
    spec: { type: 'ExternalName', externalName: 'real.default.svc.cluster.local' },
  })
  cluster.put(resources.services, {
    metadata: { name: 'loop' },
    spec: { type: 'ExternalName', externalName: 'loop.default.svc' },
  })
  await settled()
  assert.equal((await ask('alias.default.svc', '/')).text, 'found')
  assert.equal((await ask('loop.default.svc', '/')).status, 502)
})

test('forgets an endpoint at once, and uses those that still serve when none is ready', async (t) => {
  const { serve, service, ask } = await gatewayFixture(t)
  const { port: a } = await serve((_request, response) => response.end('a'))
  const { port: b } = await serve((_request, response) => response.end('b'))
  service('m', [{ port: a }, { port: b }])
  await settled()
  const both = await Promise.all(Array.from({ length: 10 }, () => ask('m.default.svc', '/')))
  assert.deepEqual(new Set(both.map(({ text }) => text)), new Set(['a', 'b']))
  service('m', [{ port: a, ready: false, serving: true }, { port: b }])
  await settled()
  const one = await Promise.all(Array.from({ length: 10 }, () => ask('m.default.svc', '/')))
  assert.deepEqual(new Set(one.map(({ text }) => text)), new Set(['b']))
  service('m', [{ port: a, ready: false, serving: true }])
  await settled()
  assert.equal((await ask('m.default.svc', '/')).text, 'a')
})

test('passes over an endpoint that refuses connections, body and all', async (t) => {
  const { serve, service, ask } = await gatewayFixture(t)
  const dead = await serve(() => {})
  await new Promise((resolve) => dead.server.close(resolve))
  const { port } = await serve((request, response) => request.pipe(response))
  service('m', [{ port: dead.port }, { port }])
  await settled()
  for (let turn = 0; turn < 4; turn += 1) {
    assert.equal((await ask('m.default.svc', '/', { method: 'POST', body: 'hello' })).text, 'hello')
    const big = 'x'.repeat(200_000)
    assert.equal((await ask('m.default.svc', '/', { method: 'POST', body: big })).text.length, big.length)
  }
})

test('does not repeat a request whose connection broke after it was sent', async (t) => {
  const { serve, service, ask } = await gatewayFixture(t)
  let asked = 0
  const listener = (request: { socket: Socket }) => {
    asked += 1
    request.socket.destroy()
  }
  const { port: a } = await serve(listener)
  const { port: b } = await serve(listener)
  service('m', [{ port: a }, { port: b }])
  await settled()
  const answer = await ask('m.default.svc', '/', { method: 'POST', body: 'pay' })
  assert.equal(answer.status, 502)
  assert.match(errorOf(answer).error, /Service default\/m \(127\.0\.0\.1:\d+\) closed the connection/)
  assert.equal(asked, 1)
})

test('answers 504 when the server takes too long', async (t) => {
  const { serve, service, ask } = await gatewayFixture(t, { limits: { answerTimeoutMs: 100, closeGraceMs: 100 } })
  const { port } = await serve(() => {})
  service('m', [{ port }])
  await settled()
  const answer = await ask('m.default.svc', '/')
  assert.equal(answer.status, 504)
  assert.match(errorOf(answer).error, /did not answer in time/)
})

test('streams both ways without waiting for an end, with trailers', async (t) => {
  const { serve, service, gateway } = await gatewayFixture(t)
  const { port } = await serve((request, response) => {
    response.setHeader('trailer', 'x-sum')
    const hash = createHash('sha256')
    request.on('data', (part: Buffer) => {
      hash.update(part)
      response.write(part)
    })
    request.on('end', () => {
      response.addTrailers({ 'x-sum': hash.digest('hex') })
      response.end()
    })
  })
  service('m', [{ port }])
  await settled()
  const call = httpRequest({
    port: gateway.port,
    host: '127.0.0.1',
    method: 'POST',
    headers: { host: 'm.default.svc' },
  })
  call.write('one')
  const [answer] = await once(call, 'response')
  answer.setEncoding('utf8')
  assert.equal((await once(answer, 'data'))[0], 'one')
  call.write('two')
  assert.equal((await once(answer, 'data'))[0], 'two')
  call.end()
  await once(answer, 'end')
  assert.equal(answer.trailers['x-sum'], createHash('sha256').update('onetwo').digest('hex'))
})

test('a client that goes away ends the request at the server', async (t) => {
  const { serve, service, gateway } = await gatewayFixture(t)
  let ended = false
  const { port } = await serve((request, response) => {
    response.write('begin')
    request.socket.once('close', () => {
      ended = true
    })
  })
  service('m', [{ port }])
  await settled()
  const call = httpRequest({ port: gateway.port, host: '127.0.0.1', headers: { host: 'm.default.svc' } })
  call.on('error', () => {})
  call.end()
  const [answer] = await once(call, 'response')
  answer.on('error', () => {})
  call.destroy()
  await eventually('the server sees it', () => ended)
  await eventually('it is counted', () => gateway.metrics().includes('requests_total{code="499"} 1'))
})

test('passes a WebSocket upgrade through, bytes both ways', async (t) => {
  const { serve, service, gateway } = await gatewayFixture(t)
  const { port, server } = await serve(() => {})
  server.on('upgrade', (request, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: ${request.headers.upgrade}\r\nconnection: Upgrade\r\n\r\nhello`,
    )
    socket.pipe(socket)
  })
  service('m', [{ port }])
  await settled()
  const socket = connect(gateway.port, '127.0.0.1')
  socket.setEncoding('utf8')
  let seen = ''
  socket.on('data', (text: string) => {
    seen += text
  })
  socket.write('GET /chat HTTP/1.1\r\nhost: m.default.svc\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n')
  await eventually('the upgrade', () => /^HTTP\/1\.1 101.*hello$/s.test(seen))
  socket.write('ping')
  await eventually('the echo', () => seen.endsWith('ping'))
  socket.destroy()
})

test('asks for a body only when there is somebody to take it', async (t) => {
  const { serve, service, gateway } = await gatewayFixture(t)
  const { port } = await serve((request, response) => request.pipe(response))
  service('m', [{ port }])
  await settled()
  for (const [host, expected] of [
    ['m.default.svc', 'continue'],
    ['nobody.default.svc', 404],
  ] as const) {
    const call = httpRequest({
      port: gateway.port,
      host: '127.0.0.1',
      method: 'POST',
      headers: { host, expect: '100-continue', 'content-length': 4 },
    })
    call.on('error', () => {})
    call.flushHeaders()
    const seen = await Promise.race([
      once(call, 'continue').then(() => 'continue' as const),
      once(call, 'response').then(([answer]) => answer.statusCode as number),
    ])
    assert.equal(seen, expected)
    if (seen !== 'continue') call.destroy()
    else {
      call.end('body')
      const [answer] = await once(call, 'response')
      assert.equal(String((await once(answer, 'data'))[0]), 'body')
    }
  }
})

test('a refused request with a body leaves the connection usable', async (t) => {
  const { serve, service, gateway } = await gatewayFixture(t)
  const { port } = await serve((request, response) => request.pipe(response))
  service('m', [{ port }])
  await settled()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const statuses: unknown[] = []
  for (const host of ['nobody.default.svc', 'm.default.svc', 'nobody.default.svc', 'm.default.svc']) {
    const call = httpRequest({
      port: gateway.port,
      host: '127.0.0.1',
      method: 'POST',
      headers: { host, 'content-length': 4 },
      agent,
    })
    call.end('body')
    const [answer] = await once(call, 'response')
    answer.resume()
    await once(answer, 'end')
    statuses.push(`${answer.statusCode} ${call.reusedSocket}`)
  }
  assert.deepEqual(statuses, ['404 false', '200 true', '404 true', '200 true'])
})

test('takes hop-by-hop headers out, tells who asked, keeps the rest as it was', async (t) => {
  const { serve, service, ask } = await gatewayFixture(t)
  const { port } = await serve((request, response) => {
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    response.setHeader('connection', 'x-private')
    response.setHeader('x-private', 'no')
    response.end(JSON.stringify(request.headers))
  })
  service('m', [{ port }])
  await settled()
  const answer = await ask('m.default.svc', '/', {
    headers: {
      connection: 'close, x-secret',
      'x-secret': 'no',
      te: 'gzip',
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-host': 'liar',
      'x-kept': 'yes',
    },
  })
  const seen = JSON.parse(answer.text) as Record<string, string>
  assert.equal(seen['x-secret'], undefined)
  assert.equal(seen.te, undefined)
  assert.equal(seen['x-kept'], 'yes')
  assert.equal(seen['x-forwarded-for'], '10.0.0.1, 127.0.0.1')
  assert.equal(seen['x-forwarded-host'], 'm.default.svc')
  assert.equal(answer.headers['x-private'], undefined)
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
})

test('refuses web pages of other sites, lets own and allowed ones and links in', async (t) => {
  const { serve, service, ask } = await gatewayFixture(t, { allowedOrigins: ['http://127.0.0.1:7000'] })
  const { port } = await serve((_request, response) => response.end('in'))
  service('m', [{ port }])
  await settled()
  const status = async (headers: Record<string, string>) => (await ask('m.default.svc', '/', { headers })).status
  assert.equal(await status({ origin: 'https://evil.com' }), 403)
  assert.equal(await status({ origin: 'null' }), 403)
  assert.equal(await status({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), 403)
  assert.equal(await status({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }), 200)
  assert.equal(await status({ origin: 'http://m.default.svc' }), 200)
  assert.equal(await status({ origin: 'http://127.0.0.1:7000' }), 200)
  assert.equal(await status({}), 200)
})

test('refuses to be a CONNECT proxy', async (t) => {
  const { gateway } = await gatewayFixture(t)
  const call = httpRequest({ port: gateway.port, host: '127.0.0.1', method: 'CONNECT', path: 'example.org:443' })
  call.end()
  const [answer] = await once(call, 'connect')
  assert.equal(answer.statusCode, 405)
})

test('closes with a WebSocket and a request under way, within its grace', async (t) => {
  const { serve, service, gateway } = await gatewayFixture(t)
  const { port, server } = await serve(() => {})
  server.on('upgrade', (_request, socket) =>
    socket.write('HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: Upgrade\r\n\r\n'),
  )
  service('m', [{ port }])
  await settled()
  const socket = connect(gateway.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nhost: m.default.svc\r\nupgrade: x\r\nconnection: Upgrade\r\n\r\n')
  await once(socket, 'data')
  await gateway.close()
  await assert.rejects(fetch(gateway.url))
})

test('a port that is taken is said as it is', async (t) => {
  const { gateway, cluster } = await gatewayFixture(t)
  await assert.rejects(
    startGateway(cluster.client, { port: gateway.port }),
    /the gateway cannot listen on 127\.0\.0\.1:\d+: the port is in use by another program; stop it, or choose another/,
  )
})
