import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { request } from 'undici'
import {
  eventually,
  millrace,
  type PlatformProcess,
  processesOf,
  removeDirectory,
  root,
  startUp,
} from './platform-process.ts'

/** The first thing a newcomer does: `up`, a prediction, a look around, Ctrl-C, and `up` again. */
let platform: PlatformProcess

before(async () => {
  platform = await startUp()
})

after(async () => {
  await platform.stop()
  removeDirectory(platform.dataDir)
})

interface Expected {
  readonly predictions?: unknown
  readonly outputs?: readonly { readonly name: string; readonly data: readonly number[] }[]
}

const examples = ['sklearn-iris', 'xgboost-iris', 'lightgbm-wine', 'onnx-digits']

async function ask(name: string): Promise<Expected> {
  const file = join(root, 'examples', `${name}-input.json`)
  const body = readFileSync(file, 'utf8')
  const path = body.includes('"datatype"') ? `/v2/models/${name}/infer` : `/v1/models/${name}:predict`
  const answer = await request(`${platform.gatewayUrl}${path}`, {
    method: 'POST',
    headers: { host: `${name}-default.example.com`, 'content-type': 'application/json' },
    body,
  })
  const text = await answer.body.text()
  assert.equal(answer.statusCode, 200, text)
  return JSON.parse(text)
}

function assertClose(actual: unknown, expected: unknown, path: string): void {
  if (typeof expected === 'number' && typeof actual === 'number') {
    assert.ok(
      Math.abs(actual - expected) <= 1e-5 * Math.max(1, Math.abs(expected)),
      `${path}: ${actual} is not ${expected}`,
    )
    return
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    assert.equal(actual.length, expected.length, path)
    for (const [index, item] of expected.entries()) assertClose(actual[index], item, `${path}[${index}]`)
    return
  }
  assert.deepEqual(actual, expected, path)
}

test('up prints a real prediction, the curl that repeats it, the kubeconfig and how to stop', () => {
  const out = platform.stdout()
  assert.match(out, /^prediction {3}\S+: \{"predictions":\[/m)
  assert.match(out, /^repeat it {4}curl .*-H 'Host: \S+\.example\.com'/m)
  assert.match(out, new RegExp(`^kubeconfig {3}${platform.kubeconfig}$`, 'm'))
  assert.match(out, /^stop {9}Ctrl-C$/m)
})

for (const name of examples) {
  test(`${name} answers through the gateway what its training library answered`, async () => {
    const expected: Expected = JSON.parse(
      readFileSync(join(root, 'examples', 'training', 'expected', `${name}.json`), 'utf8'),
    )
    const actual = await ask(name)
    if (expected.predictions !== undefined) assertClose(actual.predictions, expected.predictions, 'predictions')
    else
      for (const output of expected.outputs ?? [])
        assertClose(actual.outputs?.find((each) => each.name === output.name)?.data, output.data, output.name)
  })
}

test('get, describe, explain and logs tell about a service', async () => {
  const got = await platform.run('get', 'isvc')
  assert.equal(got.code, 0, got.stderr)
  for (const name of examples)
    assert.match(got.stdout, new RegExp(`^${name}\\s+http://${name}-default\\.example\\.com\\s+True`, 'm'))
  const described = await platform.run('describe', 'isvc', 'sklearn-iris')
  assert.match(described.stdout, /Conditions:\n[\s\S]*Ready +True/)
  const explained = await platform.run('explain', 'sklearn-iris', '--all')
  assert.match(explained.stdout, /is ready \(Standard mode\)/)
  assert.match(explained.stdout, /"kserve-sklearnserver" runs the model/)
  assert.match(explained.stdout, /"kserve-xgbserver" is not used: it does not read "sklearn"/)
  const logs = await platform.run('logs', 'sklearn-iris')
  assert.match(logs.stdout, /model loaded model=sklearn-iris/)
  const initLogs = await platform.run('logs', 'sklearn-iris', '-c', 'storage-initializer')
  assert.match(initLogs.stdout, /fetched/)
})

test('predict finds the protocol in the body, and says when a body or a name is wrong', async () => {
  const v1 = await platform.run('predict', 'sklearn-iris', '-d', '@examples/sklearn-iris-input.json')
  assert.equal(v1.code, 0, v1.stderr)
  assert.deepEqual(JSON.parse(v1.stdout), { predictions: [1, 1] })
  const v2 = await platform.run('predict', 'onnx-digits', '-d', '@examples/onnx-digits-input.json', '-o', 'yaml')
  assert.match(v2.stdout, /^model_name: onnx-digits$/m)
  const broken = await platform.run('predict', 'sklearn-iris', '-d', '{"instances": [')
  assert.equal(broken.code, 2)
  assert.match(broken.stderr, /is not JSON/)
  const shape = await platform.run('predict', 'sklearn-iris', '-d', '{"instances": [[1, 2]]}')
  assert.equal(shape.code, 1)
  assert.match(shape.stderr, /HTTP 400.*4/)
  const unknown = await platform.run('predict', 'nobody', '-d', '{}')
  assert.equal(unknown.code, 1)
  assert.match(unknown.stderr, /"nobody" not found/)
})

test('a service of the old per-framework form is served too, and is gone after delete', async () => {
  const manifest = `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: old-form }
spec:
  predictor:
    xgboost: { storageUri: file://examples/models/xgboost-iris }
`
  const applied = await millrace(['apply', '-f', '-', '--kubeconfig', platform.kubeconfig], { input: manifest })
  assert.equal(applied.code, 0, applied.stderr)
  assert.match(applied.stdout, /inferenceservice\.serving\.kserve\.io\/old-form created/)
  const again = await millrace(['apply', '-f', '-', '--kubeconfig', platform.kubeconfig], { input: manifest })
  assert.match(again.stdout, /old-form unchanged/)
  await eventually(
    async () => (await platform.run('get', 'isvc', 'old-form', '-o', 'json')).stdout.includes('"type": "Ready"'),
    'old-form has a status',
  )
  await eventually(async () => {
    const asked = await platform.run('predict', 'old-form', '-d', '@examples/xgboost-iris-input.json')
    return asked.code === 0 && asked.stdout.includes('predictions')
  }, 'old-form answers')
  const deleted = await platform.run('delete', 'isvc', 'old-form')
  assert.equal(deleted.code, 0, deleted.stderr)
  await eventually(
    async () =>
      !(await platform.run('get', 'pods,deployments,services,ingresses,hpa', '-o', 'json')).stdout.includes('old-form'),
    'nothing of old-form is left',
  )
})

test('Ctrl-C stops every process, and the next start has everything still there', { timeout: 60_000 }, async () => {
  const ended = await platform.stop()
  assert.equal(ended.code, 130)
  await eventually(() => processesOf(platform.dataDir).length === 0, 'all processes of the platform have ended', 10_000)
  const startedMs = performance.now()
  platform = await startUp({ dataDir: platform.dataDir })
  assert.ok(performance.now() - startedMs < 30_000)
  await eventually(
    async () => (await ask('sklearn-iris').catch(() => undefined))?.predictions !== undefined,
    'it answers again',
  )
  assert.deepEqual(await ask('sklearn-iris'), { predictions: [1, 1] })
})
