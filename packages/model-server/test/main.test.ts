import assert from 'node:assert/strict'
import { mkdtempSync, mkdirSync, copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { folder } from './cases.ts'
import { type Program, startProgram } from './program.ts'

const scratch = mkdtempSync(join(tmpdir(), 'millrace-model-server-'))
after(() => rmSync(scratch, { recursive: true }))

const softprob = folder('xgboost', 'softprob')
const programs: Program[] = []
after(() => {
  for (const { child } of programs) child.kill('SIGKILL')
})

function start(...parameters: Parameters<typeof startProgram>): Program {
  const program = startProgram(...parameters)
  programs.push(program)
  return program
}

function directory(name: string, files: Record<string, string>): string {
  const path = join(scratch, name)
  mkdirSync(path, { recursive: true })
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(path, file, '..'), { recursive: true })
    writeFileSync(join(path, file), content)
  }
  return path
}

async function get(
  port: number,
  path: string,
  agent?: Agent,
): Promise<{ status: number; connection: string | undefined; text: string }> {
  return await new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, path, ...(agent && { agent }) }, async (response) => {
      let text = ''
      for await (const chunk of response) text += String(chunk)
      resolve({ status: response.statusCode ?? 0, connection: response.headers.connection, text })
    })
      .on('error', reject)
      .end()
  })
}

const failures: [what: string, args: string[], code: number, lastLine: RegExp][] = [
  [
    'a mistyped argument',
    ['--model_dri=x'],
    2,
    /^Unknown argument --model_dri; did you mean --model_dir\? \(--help lists them\)$/,
  ],
  ['no directory', [], 2, /^--model_dir is missing/],
  ['a port that is none', ['--model_dir=x', '--http_port=99999'], 2, /^--http_port=99999 is no port/],
  ['the gRPC protocol', ['--model_dir=x', '--protocol=grpc-v2'], 2, /gRPC is not served yet/],
  [
    'an absent directory',
    ['--model_dir=/nonexistent/dir'],
    1,
    /^cannot read the model directory \/nonexistent\/dir: it does not exist$/,
  ],
  ['a file in place of a directory', [`--model_dir=${import.meta.filename}`], 1, /: it is a file$/],
  [
    'an unknown format',
    [`--model_dir=${softprob}`, '--model_format=xgbost'],
    1,
    /the model format "xgbost" is unknown \(did you mean xgboost\?\); served are sklearn, xgboost, lightgbm, onnx$/,
  ],
  [
    'an empty directory',
    [`--model_dir=${directory('empty', {})}`, '--model_format=onnx'],
    1,
    /^no model file in .*empty: looked for \*\.onnx, \*\.ort \(onnx\), but it is empty$/,
  ],
  [
    'a model of another format',
    [`--model_dir=${directory('other', { 'README.md': '', 'model.onnx': '' })}`, '--model_format=xgboost'],
    1,
    /looked for \*\.bst, \*\.json, \*\.ubj, \*\.model \(xgboost\), but it holds README\.md, model\.onnx; that looks like the model format onnx$/,
  ],
  [
    'two models',
    [`--model_dir=${directory('two', { 'a.bst': 'x', 'b.json': '{}' })}`, '--model_format=xgboost'],
    1,
    /more than one model file in .*two: a\.bst, b\.json; keep one$/,
  ],
  [
    'a corrupt model',
    [`--model_dir=${directory('corrupt', { 'model.json': '{"learner": {' })}`],
    1,
    /^cannot load .*model\.json as xgboost: the JSON document is broken: /,
  ],
  [
    'the old binary format',
    [`--model_dir=${folder('xgboost', 'version-1-binary')}`],
    1,
    /old binary format, .* booster\.save_model\("model\.ubj"\)$/,
  ],
]

for (const [what, args, code, lastLine] of failures) {
  test(`ends with one sentence on ${what}`, async () => {
    const { code: got, stderr } = await start([...args, '--host=127.0.0.1']).ended()
    assert.equal(got, code)
    assert.match(stderr.trimEnd().split('\n').at(-1) ?? '', lastLine)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })
}

test('says which address is taken', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => blocker.once('listening', resolve))
  const address = blocker.address()
  assert.ok(typeof address === 'object' && address !== null)
  const { code, stderr } = await start([`--model_dir=${softprob}`, `--http_port=${address.port}`]).ended()
  blocker.close()
  assert.equal(code, 1)
  assert.match(stderr, /cannot listen on 127\.0\.0\.1:\d+: the port is in use by another program/)
})

test('tells the format from the files, listens where MILLRACE_BIND_ADDRESS says', async () => {
  const lightgbm = start([`--model_dir=${folder('lightgbm', 'multiclass')}`, '--http_port=0'], {
    MILLRACE_BIND_ADDRESS: '127.0.0.1',
  })
  const reply = await get(await lightgbm.port(), '/v2/models/model')
  assert.match(reply.text, /"platform":"lightgbm_text"/)
})

test('stops gracefully: takes requests while it drains, not ready any more, connections close', async () => {
  const program = start(['--model_name=m', `--model_dir=${softprob}`, '--http_port=0'])
  const port = await program.port()
  const agent = new Agent({ keepAlive: true })
  assert.equal((await get(port, '/v2/health/ready', agent)).status, 200)
  program.child.kill('SIGTERM')
  for (;;) {
    const ready = await get(port, '/v2/health/ready', agent)
    if (ready.status === 200) continue
    assert.deepEqual([ready.status, ready.connection], [503, 'close'])
    break
  }
  assert.equal((await get(port, '/v1/models/m')).status, 503)
  const live = await get(port, '/v2/health/live')
  assert.deepEqual([live.status, live.connection], [200, 'close'])
  assert.equal((await program.ended()).code, 0)
  agent.destroy()
})

test('ends when the platform dies', async () => {
  const program = start([`--model_dir=${softprob}`, '--http_port=0'], { MILLRACE_LIFELINE_FD: '3' }, ['pipe'])
  await program.port()
  program.child.stdio[3]?.destroy()
  assert.equal((await program.ended()).code, 1)
})

test('serves one port with several workers and stops them all', async () => {
  const program = start([`--model_dir=${softprob}`, '--http_port=0', '--workers=2', '--drain_seconds=0'])
  const port = await program.port()
  assert.equal((await get(port, '/v2/health/ready')).status, 200)
  program.child.kill('SIGTERM')
  assert.equal((await program.ended()).code, 0)
  await assert.rejects(get(port, '/'), { code: 'ECONNREFUSED' })
})

test('ends when no worker can load its model', async () => {
  const { code, stderr } = await start([`--model_dir=${join(scratch, 'corrupt')}`, '--workers=2']).ended()
  assert.equal(code, 1)
  assert.match(stderr, /the JSON document is broken/)
})

test('stands in for Triton: repository of versions, or a model without a folder under any name', async () => {
  const store = directory('store', {})
  for (const version of ['1', '12']) {
    mkdirSync(join(store, 'flowers', version), { recursive: true })
    copyFileSync(folder('onnx', 'logistic', 'model.onnx'), join(store, 'flowers', version, 'model.onnx'))
  }
  const args = ['--grpc-port=9000', '--http-port=0', '--allow-grpc=true', '--allow-http=true']
  const triton = start(['tritonserver', `--model-store=${store}`, ...args])
  const port = await triton.port()
  assert.match((await get(port, '/v2/models/flowers')).text, /"versions":\["12"\]/)
  assert.equal((await get(port, '/v2/models/flowers/versions/12/ready')).status, 200)
  assert.equal((await get(port, '/v2/models/flowers/versions/1/ready')).status, 404)

  const flat = start(['tritonserver', `--model-store=${folder('onnx', 'logistic')}`, ...args])
  assert.match(
    (await get(await flat.port(), '/v2/models/whatever')).text,
    /"name":"whatever","platform":"onnxruntime_onnx"/,
  )
})

test('stands in for MLServer by its environment', async () => {
  const program = start([], {
    MLSERVER_MODEL_IMPLEMENTATION: 'mlserver_xgboost.XGBoostModel',
    MLSERVER_MODEL_NAME: 'm',
    MLSERVER_MODEL_URI: softprob,
    MLSERVER_HTTP_PORT: '0',
  })
  assert.equal((await get(await program.port(), '/v2/models/m/ready')).status, 200)
})

test('serves a folder for each model, as KServe’s model repository does', async () => {
  const models = directory('models', {})
  mkdirSync(join(models, 'a'))
  mkdirSync(join(models, 'b'))
  copyFileSync(join(softprob, 'model.ubj'), join(models, 'a', 'model.ubj'))
  copyFileSync(folder('lightgbm', 'binary', 'model.txt'), join(models, 'b', 'model.txt'))
  const program = start([`--model_dir=${models}`, '--http_port=0'])
  assert.deepEqual(JSON.parse((await get(await program.port(), '/v1/models')).text), { models: ['a', 'b'] })
})
