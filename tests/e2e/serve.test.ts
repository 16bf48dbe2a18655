import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, type PlatformProcess, processesOf, removeDirectory, startUp } from './platform-process.ts'
import { ask, examples, testAnswers, testDeletion } from './serve-journeys.ts'

/** The first thing a newcomer does: `up`, a prediction, a look around, Ctrl-C, and `up` again. */
let platform: PlatformProcess

before(async () => {
  platform = await startUp()
})

after(async () => {
  await platform.stop()
  removeDirectory(platform.dataDir)
})

test('up prints a real prediction, the curl that repeats it, the kubeconfig and how to stop', () => {
  const out = platform.stdout()
  assert.match(out, /^prediction {3}\S+: \{"predictions":\[/m)
  assert.match(out, /^repeat it {4}curl .*-H 'Host: \S+\.example\.com'/m)
  assert.match(out, new RegExp(`^kubeconfig {3}${platform.kubeconfig}$`, 'm'))
  assert.match(out, /^stop {9}Ctrl-C$/m)
})

testAnswers(() => platform)
testDeletion(() => platform)

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

test('Ctrl-C stops every process, and the next start has everything still there', { timeout: 60_000 }, async () => {
  const ended = await platform.stop()
  assert.equal(ended.code, 130)
  await eventually(() => processesOf(platform.dataDir).length === 0, 'all processes of the platform have ended', 10_000)
  const startedMs = performance.now()
  platform = await startUp({ dataDir: platform.dataDir })
  assert.ok(performance.now() - startedMs < 30_000)
  await eventually(
    async () => (await ask(platform, 'sklearn-iris').catch(() => undefined))?.predictions !== undefined,
    'it answers again',
  )
  assert.deepEqual(await ask(platform, 'sklearn-iris'), { predictions: [1, 1] })
})
