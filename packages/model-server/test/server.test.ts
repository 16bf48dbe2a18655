import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { type RunningServer, runServer, type ServerOptions } from '../src/index.ts'
import { folder } from './cases.ts'

const options: ServerOptions = {
  modelName: 'iris',
  modelDir: folder('xgboost', 'softprob'),
  isNameless: false,
  modelFormat: 'xgboost',
  host: '127.0.0.1',
  httpPort: 0,
  workers: 1,
  threads: 1,
  keepAliveSeconds: 5,
  drainSeconds: 0,
  bodyBytesMax: 10_000,
  predictProba: false,
  notes: [],
}

let server: RunningServer
before(async () => {
  server = await runServer(options, () => {})
})
after(() => server.stop())

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly bytes: Buffer
}

function call(
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: server.port, method, path, headers, agent: false },
      async (response) => {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk)
        const bytes = Buffer.concat(chunks)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: bytes.toString(), bytes })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

const flower = [5.1, 3.5, 1.4, 0.2]
const expected = [0.9226171374320984, 0.039792560040950775, 0.03759031742811203]

const answers: [method: string, path: string, status: number, body: unknown][] = [
  ['GET', '/', 200, { status: 'alive' }],
  ['GET', '/v1/models', 200, { models: ['iris'] }],
  ['GET', '/v1/models/iris', 200, { name: 'iris', ready: true }],
  ['GET', '/v2/health/live', 200, { live: true }],
  ['GET', '/v2/health/ready', 200, { ready: true }],
  ['GET', '/v2/models', 200, { models: ['iris'] }],
  ['GET', '/v2/models/iris/ready', 200, { name: 'iris', ready: true }],
  ['GET', '/v1/models/iri', 404, { error: 'Model with name iri does not exist. This server has iris.' }],
  ['GET', '/v2/models/other/ready', 404, { error: 'Model with name other does not exist. This server has iris.' }],
  [
    'GET',
    '/v2/models/iris/versions/1/ready',
    501,
    { error: 'Model with name iris has no versions; leave /versions/1 out.' },
  ],
  ['GET', '/v3', 404, { error: 'There is nothing at /v3.' }],
  ['GET', '/v1/models/iris:predict', 405, { error: 'GET is not taken at /v1/models/iris:predict; POST is.' }],
  ['POST', '/v2/health/live', 405, { error: 'POST is not taken at /v2/health/live; GET is.' }],
  [
    'POST',
    '/v1/models/iris:explain',
    501,
    { error: 'Model with name iris has no explainer; give the InferenceService an explainer component.' },
  ],
  ['POST', '/v1/models/nobody:explain', 404, { error: 'Model with name nobody does not exist. This server has iris.' }],
]

for (const [method, path, status, body] of answers) {
  test(`${method} ${path} answers ${status}`, async () => {
    const reply = await call(method, path)
    assert.deepEqual([reply.status, JSON.parse(reply.text)], [status, body])
    assert.equal(reply.headers['content-type'], 'application/json')
  })
}

test('HEAD answers as GET without a body', async () => {
  const reply = await call('HEAD', '/v2/health/ready')
  assert.deepEqual([reply.status, reply.headers['content-length'], reply.text], [200, '14', ''])
})

test('predicts over V1', async () => {
  const reply = await call('POST', '/v1/models/iris:predict', JSON.stringify({ instances: [flower] }), {
    'content-type': 'application/json',
  })
  assert.deepEqual([reply.status, JSON.parse(reply.text)], [200, { predictions: [expected] }])
})

test('predicts over V2, as JSON and as bytes', async () => {
  const inputs = [{ name: 'input-0', shape: [1, 4], datatype: 'FP32', data: flower }]
  const reply = await call('POST', '/v2/models/iris/infer', JSON.stringify({ id: '7', inputs }))
  assert.deepEqual(JSON.parse(reply.text), {
    model_name: 'iris',
    id: '7',
    outputs: [{ name: 'output-0', shape: [1, 3], datatype: 'FP32', data: expected }],
  })
  const head = JSON.stringify({
    parameters: { binary_data_output: true },
    inputs: [{ name: 'x', shape: [1, 4], datatype: 'FP32', parameters: { binary_data_size: 16 } }],
  })
  const body = Buffer.concat([Buffer.from(head), Buffer.from(Float32Array.from(flower).buffer)])
  const binary = await call('POST', '/v2/models/iris/infer', body, {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': String(head.length),
  })
  assert.equal(binary.headers['content-type'], 'application/octet-stream')
  const jsonLength = Number(binary.headers['inference-header-content-length'])
  const answer = JSON.parse(binary.bytes.subarray(0, jsonLength).toString())
  assert.match(answer.id, /^[0-9a-f-]{36}$/)
  assert.deepEqual(answer.outputs, [
    { name: 'output-0', shape: [1, 3], datatype: 'FP32', parameters: { binary_data_size: 12 } },
  ])
  assert.equal(binary.bytes.readFloatLE(jsonLength), Math.fround(expected[0] ?? 0))
})

test('tells what the model takes and gives', async () => {
  const reply = await call('GET', '/v2/models/iris')
  assert.deepEqual(JSON.parse(reply.text), {
    name: 'iris',
    platform: 'xgboost_ubj',
    inputs: [{ name: 'input-0', datatype: 'FP32', shape: [-1, 4] }],
    outputs: [{ name: 'output-0', datatype: 'FP32', shape: [-1, 3] }],
  })
})

const predict = '/v1/models/iris:predict'
const infer = '/v2/models/iris/infer'
const refused: [
  what: string,
  path: string,
  body: string | Buffer,
  headers: Record<string, string>,
  status: number,
  error: RegExp,
][] = [
  ['no body', predict, '', {}, 400, /^The body is empty\.$/],
  ['broken JSON', predict, '{"instances": [[1 2]]}', {}, 400, /line 1, column 19: "2" where a comma/],
  ['too few features', predict, '{"instances": [[1,2,3]]}', {}, 400, /shape \[1,3\]; expected rows × 4 features\.$/],
  [
    'a row without its list',
    predict,
    '{"instances": [1,2,3,4]}',
    {},
    400,
    /shape \[4\]; expected rows × 4 features \(one row is \[\[…\]\]/,
  ],
  ['text', predict, '{"instances": [["a","b","c","d"]]}', {}, 400, /is text \(BYTES\); the model takes numbers/],
  ['columns by name', predict, '{"instances": [{"a": 1}]}', {}, 400, /has shape \[1\]; expected rows × 4/],
  [
    'an unknown output',
    infer,
    '{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{"name":"y"}]}',
    {},
    400,
    /no output "y"; it has "output-0"/,
  ],
  ['a large body', predict, 'x'.repeat(10_001), {}, 413, /larger than 10000 bytes/],
  [
    'another content type',
    predict,
    '<a/>',
    { 'content-type': 'application/xml' },
    415,
    /application\/xml is not taken; send application\/json/,
  ],
  ['a compressed body', predict, 'x', { 'content-encoding': 'gzip' }, 415, /Content-Encoding gzip is not taken/],
  [
    'a header that is no length',
    infer,
    '{}',
    { 'inference-header-content-length': 'x' },
    400,
    /is "x"; expected a number/,
  ],
]

for (const [what, path, body, headers, status, error] of refused) {
  test(`refuses ${what} with ${status}`, async () => {
    const reply = await call('POST', path, body, headers)
    assert.equal(reply.status, status)
    const answer = JSON.parse(reply.text)
    assert.deepEqual(Object.keys(answer), ['error'])
    assert.match(answer.error, error)
  })
}

test('refuses a large body of unknown length while it comes, and frees what it held', async () => {
  for (let i = 0; i < 10; i++) {
    const reply = await new Promise<string>((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write(`POST ${predict} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`)
        socket.write(`4000\r\n${'x'.repeat(0x4000)}\r\n`)
      })
      socket.once('data', (data) => {
        resolve(data.toString())
        socket.destroy()
      })
      socket.once('error', reject)
    })
    assert.match(reply, /^HTTP\/1\.1 413 /)
    assert.match(reply, /connection: close/i)
  }
  assert.equal((await call('POST', predict, JSON.stringify({ instances: [flower] }))).status, 200)
})

test('lives on when a client goes away in the middle of its body', async () => {
  for (let i = 0; i < 20; i++) {
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write(`POST ${predict} HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n\r\n${'x'.repeat(8000)}`, () => {
          socket.destroy()
          resolve()
        })
      })
    })
  }
  assert.equal((await call('POST', predict, JSON.stringify({ instances: [flower] }))).status, 200)
})

test('publishes KServe’s histograms', async () => {
  await call('POST', predict, JSON.stringify({ instances: [flower] }))
  const reply = await call('GET', '/metrics')
  assert.match(reply.headers['content-type'] as string, /^text\/plain/)
  assert.match(reply.text, /request_predict_seconds_bucket\{model_name="iris",le="\+Inf"\} [1-9]/)
  assert.match(reply.text, /request_preprocess_seconds_count\{model_name="iris"\} [1-9]/)
  assert.match(reply.text, /request_postprocess_seconds_sum\{model_name="iris"\} \d/)
  assert.match(reply.text, /# TYPE request_explain_seconds histogram/)
})
