import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fetch, type FetchOptions } from '../src/index.ts'
import { contents, scratch } from './scratch.ts'

type Handle = (request: IncomingMessage, response: ServerResponse) => void

let handle: Handle = () => {}
const seen: IncomingMessage[] = []
const server = createServer((request, response) => {
  seen.push(request)
  handle(request, response)
})
let base = ''
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  base = `http://127.0.0.1:${address.port}`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

async function download(
  path: string,
  handler: Handle,
  options: FetchOptions = {},
): Promise<{ files: Record<string, string>; error?: unknown }> {
  handle = handler
  seen.length = 0
  const target = scratch()
  try {
    await fetch(`${base}${path}`, target, { environment: {}, ...options })
    return { files: contents(target) }
  } catch (error) {
    return { files: contents(target), error }
  }
}

const answer =
  (body: string | Buffer, headers: Record<string, string> = {}): Handle =>
  (_request, response) =>
    response.writeHead(200, headers).end(body)

test('downloads a file under the name of the URL', async () => {
  assert.deepEqual(await download('/models/model.bst?token=hush', answer('model')), {
    files: { 'model.bst': 'model' },
  })
})

test('takes the name from Content-Disposition where the URL has none, and never a path', async () => {
  const header = { 'content-disposition': 'attachment; filename="../../evil.onnx"' }
  assert.deepEqual((await download('/download', answer('m', header))).files, { 'evil.onnx': 'm' })
  const extended = { 'content-disposition': "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.onnx" }
  assert.deepEqual((await download('/download', answer('m', extended))).files, { 'größe.onnx': 'm' })
})

test('unpacks archives', async () => {
  const zip = readFileSync(join(import.meta.dirname, 'testdata/archives/stored.zip'))
  assert.deepEqual((await download('/model.zip', answer(zip))).files, { 'model.bst': 'model' })
})

test('sends the headers of the secret to their own host only', async () => {
  const environment = { '127.0.0.1-headers': '{"authorization":"Bearer secret"}' }
  const result = await download(
    '/a.bin',
    (request, response) => {
      if (request.url === '/a.bin')
        response.writeHead(302, { location: `http://localhost:${new URL(base).port}/b.bin` }).end()
      else response.end('b')
    },
    { environment },
  )
  assert.deepEqual(result.files, { 'a.bin': 'b' })
  assert.deepEqual(
    seen.map((request) => request.headers.authorization),
    ['Bearer secret', undefined],
  )
})

test('goes on where the connection broke', async () => {
  const body = 'x'.repeat(200_000) + 'y'.repeat(200_000)
  const result = await download('/model.bin', (request, response) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const headers = { etag: '"1"', 'content-length': body.length - start }
    if (start > 0) {
      assert.equal(request.headers['if-range'], '"1"')
      response
        .writeHead(206, { ...headers, 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` })
        .end(body.slice(start))
      return
    }
    response.writeHead(200, headers).write(body.slice(0, 150_000), () => setTimeout(() => response.destroy(), 50))
  })
  assert.equal(result.error, undefined)
  assert.ok(result.files['model.bin'] === body)
  assert.equal(seen.length, 2)
})

test('starts again when the file changed in between', async () => {
  let calls = 0
  const result = await download('/model.bin', (_request, response) => {
    calls++
    if (calls > 1) response.writeHead(200, { etag: '"2"' }).end('new content')
    else
      response
        .writeHead(200, { etag: '"1"', 'content-length': 100_000 })
        .write('old', () => setTimeout(() => response.destroy(), 50))
  })
  assert.deepEqual(result.files, { 'model.bin': 'new content' })
})

test('tries again when the server is in trouble, but not for ever', async () => {
  let calls = 0
  const flaky: Handle = (_request, response) => {
    calls++
    response.writeHead(calls === 1 ? 503 : 200).end('ok')
  }
  assert.deepEqual((await download('/m.bin', flaky)).files, { 'm.bin': 'ok' })
  const { error, files } = await download('/m.bin', (_request, response) => response.writeHead(500).end(), {
    limits: { attemptsMax: 2 },
  })
  assert.match(String(error), /Unavailable|could not be downloaded in 2 attempts: the server answered 500\.$/)
  assert.equal(seen.length, 2)
  assert.deepEqual(files, {})
})

const refused: [what: string, handler: Handle, code: string, message: RegExp, options?: FetchOptions][] = [
  [
    'an absent file',
    (_q, s) => s.writeHead(404).end(),
    'NotFound',
    /\/m\.bin\?… does not exist \(404\): check the path\.$/,
  ],
  ['missing credentials', (_q, s) => s.writeHead(401).end(), 'Refused', /wants other credentials \(401\)/],
  [
    'a web page',
    answer('<html>', { 'content-type': 'text/html; charset=utf-8' }),
    'Invalid',
    /answers with a web page, not a model file/,
  ],
  [
    'a file that is announced too large',
    answer('12345678'),
    'TooLarge',
    /is larger than 5 bytes/,
    { limits: { bytesMax: 5 } },
  ],
  [
    'a file that grows too large',
    (_q, s) => void s.write('12345678', () => s.end('9')),
    'TooLarge',
    /is larger than 5 bytes/,
    { limits: { bytesMax: 5 } },
  ],
  [
    'redirects without end',
    (_q, s) => s.writeHead(302, { location: '/m.bin' }).end(),
    'Refused',
    /redirects more than 5 times/,
  ],
  [
    'a redirect out of http',
    (_q, s) => s.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    'Refused',
    /redirects to nowhere/,
  ],
  [
    'a server that falls silent',
    (_q, s) => void s.writeHead(200, { 'content-length': '9' }).write('1'),
    'Unavailable',
    /nothing came for 50 ms/,
    { limits: { idleMs: 50, attemptsMax: 1 } },
  ],
  [
    'headers that are none',
    answer(''),
    'Invalid',
    /no JSON object of texts/,
    { environment: { '127.0.0.1-headers': '[1' } },
  ],
]

for (const [what, handler, code, message, options] of refused) {
  test(`refuses ${what} and leaves nothing`, async () => {
    const { error, files } = await download('/m.bin?token=hush', handler, options)
    assert.ok(error instanceof Error && 'code' in error)
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /hush/)
    assert.deepEqual(files, {})
  })
}

test('refuses an address without a file name', async () => {
  assert.match(String((await download('/', answer('x'))).error), /has no file name; end the URI with the model's file/)
})

test('stops in the middle when told to', async () => {
  const stop = new AbortController()
  const handler: Handle = (_request, response) => {
    response
      .writeHead(200, { 'content-length': '100' })
      .write('1', () => setTimeout(() => stop.abort(new Error('enough')), 20))
  }
  const { error, files } = await download('/m.bin', handler, { signal: stop.signal })
  assert.match(String(error), /enough/)
  assert.deepEqual(files, {})
})

test('goes through the proxy of the environment', async () => {
  const proxied: string[] = []
  const proxy = createServer((request, response) => {
    proxied.push(request.url ?? '')
    response.end('through')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  assert.ok(typeof address === 'object' && address !== null)
  const target = scratch()
  await fetch('http://models.default.svc.cluster.local/m.bin', target, {
    environment: { HTTP_PROXY: `http://127.0.0.1:${address.port}` },
  })
  proxy.closeAllConnections()
  proxy.close()
  assert.deepEqual(contents(target), { 'm.bin': 'through' })
  assert.deepEqual(proxied, ['http://models.default.svc.cluster.local/m.bin'])
})
