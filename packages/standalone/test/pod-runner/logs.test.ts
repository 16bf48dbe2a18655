import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { type ContainerLog, openContainerLog } from '../../src/pod-runner/container-log.ts'
import { type LogQuery, parseLogQuery, readContainerLog, readLogTail } from '../../src/pod-runner/read-container-log.ts'
import { eventually } from '../eventually.ts'
import { isReady, podRunnerFixture, sh } from './runner-fixture.ts'

const plain: LogQuery = { follow: false, timestamps: false }

async function logIn(t: TestContext, limits?: { fileBytesMax: number; lineBytesMax: number }) {
  const directory = await mkdtemp(join(tmpdir(), 'log-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  let now = Date.UTC(2026, 0, 1)
  const log = await openContainerLog(join(directory, '0.log'), () => (now += 1000), limits)
  return { log, path: join(directory, '0.log') }
}

async function read(path: string, query: Partial<LogQuery> = {}, live?: ContainerLog): Promise<string> {
  const parts: Buffer[] = []
  const signal = AbortSignal.timeout(5000)
  for await (const part of readContainerLog(path, { ...plain, ...query }, live, signal)) parts.push(part)
  return Buffer.concat(parts).toString()
}

const chunks = (...texts: string[]) => Readable.from(texts.map((text) => Buffer.from(text)))

test('gives lines back as they were written, whole, from an offset, since a time, bounded', async (t) => {
  const { log, path } = await logIn(t)
  await log.copy(chunks('one\ntw', 'o\nthree\n', 'no end'), 'stdout')
  await log.close()
  assert.equal(await read(path), 'one\ntwo\nthree\nno end\n')
  assert.equal(await read(path, { tailLines: 2 }), 'three\nno end\n')
  assert.equal(await read(path, { tailLines: 0 }), '')
  assert.equal(await read(path, { tailLines: 99 }), 'one\ntwo\nthree\nno end\n')
  assert.equal(await read(path, { limitBytes: 5 }), 'one\nt')
  assert.equal(await read(path, { sinceMs: Date.UTC(2026, 0, 1, 0, 0, 2) }), 'two\nthree\nno end\n')
  assert.match(await read(path, { timestamps: true, tailLines: 1 }), /^2026-01-01T00:00:0\d\.000Z no end\n$/)
})

test('puts a line that is too long together again', async (t) => {
  const { log, path } = await logIn(t, { fileBytesMax: 10_000, lineBytesMax: 10 })
  const long = 'abcdefghijklmnopqrstuvwxyz'
  await log.copy(chunks(`first\n${long}\n`, long), 'stderr')
  await log.close()
  assert.equal(await read(path), `first\n${long}\n${long}\n`)
  assert.equal(await read(path, { tailLines: 2 }), `${long}\n${long}\n`)
  assert.equal(await readLogTail(path, 80, 10), 'rstuvwxyz\n')
})

test('keeps a bounded amount, and reads and follows across the rotation', async (t) => {
  const { log, path } = await logIn(t, { fileBytesMax: 2000, lineBytesMax: 100 })
  const followed = read(path, { follow: true }, log)
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}\n`)
  await log.copy(chunks(...lines.slice(0, 50)), 'stdout')
  assert.equal(await read(path, { tailLines: 40 }), lines.slice(10, 50).join(''))
  await log.copy(chunks(...lines.slice(50)), 'stdout')
  const kept = await read(path)
  assert.ok(kept.endsWith(lines.slice(60).join('')) && !kept.includes('line 0\n'), 'old lines go, new lines stay')
  await log.close()
  assert.ok((await followed).endsWith('line 99\n'))
})

test('refuses log options that make no sense', () => {
  const parse = (text: string) => parseLogQuery(new URLSearchParams(text), 10_000)
  assert.deepEqual(parse('follow=true&tailLines=3&sinceSeconds=4'), {
    follow: true,
    timestamps: false,
    tailLines: 3,
    sinceMs: 6000,
  })
  for (const bad of ['tailLines=-1', 'tailLines=x', 'limitBytes=0', 'sinceSeconds=1.5', 'sinceTime=yesterday']) {
    assert.ok('problem' in parse(bad), bad)
  }
})

test('the kubelet endpoint follows a log to its end, and wants the token', async (t) => {
  const { run, status, logs, runner } = await podRunnerFixture(t)
  run('talk', { restartPolicy: 'Never', containers: [sh('main', 'for i in 1 2 3; do echo $i; sleep 0.1; done')] })
  await status('talk', 'running', ({ phase }) => phase === 'Running')
  assert.equal((await logs('talk', 'main', 'follow=true')).text, '1\n2\n3\n')
  const url = `http://127.0.0.1:${runner().kubeletPort}`
  assert.equal((await fetch(`${url}/containerLogs/default/talk/main`)).status, 401)
  assert.equal((await fetch(`${url}/pods`, { headers: { authorization: 'Bearer wrong-token' } })).status, 401)
  assert.deepEqual(await logs('talk', 'other'), { status: 404, text: 'container "other" is not in pod "talk"\n' })
  assert.equal((await logs('nobody', 'main')).status, 404)
  assert.equal((await logs('talk', 'main', 'previous=true')).status, 400)
  assert.equal((await logs('talk', 'main', 'tailLines=x')).status, 400)
})

test('tells what pods use', { skip: process.platform !== 'linux' }, async (t) => {
  const { run, status, runner, pod } = await podRunnerFixture(t)
  run('busy', { containers: [sh('main', 'while true; do :; done')] })
  await status('busy', 'ready', isReady)
  const usage = await eventually('it is measured', async () => {
    const found = (await runner().usage()).get(pod('busy')?.metadata.uid ?? '')
    return found && found.cpuMillicores > 50 ? found : undefined
  })
  assert.ok(usage.memoryBytes > 100_000)
  const headers = { authorization: 'Bearer test-token' }
  const answer = await fetch(`http://127.0.0.1:${runner().kubeletPort}/stats/summary`, { headers })
  const summary = (await answer.json()) as { pods: { podRef: { name: string }; memory: { workingSetBytes: number } }[] }
  assert.equal(summary.pods[0]?.podRef.name, 'busy')
  assert.ok((summary.pods[0]?.memory.workingSetBytes ?? 0) > 100_000)
})
