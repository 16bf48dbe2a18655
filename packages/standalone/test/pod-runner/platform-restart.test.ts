import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { resources } from '@millrace/kube'
import { endLeftovers, openProcessLedger } from '../../src/pod-runner/process-ledger.ts'
import { eventually } from '../eventually.ts'
import { isReady, podRunnerFixture, sh } from './runner-fixture.ts'

const onLinux = { skip: process.platform !== 'linux' }

test('a stopped platform leaves the pods unready, and the next start runs them again at once, init work kept', async (t) => {
  const { run, status, stop, start, pod, logs } = await podRunnerFixture(t)
  const volumeMounts = [{ name: 'models', mountPath: '/mnt/models' }]
  run('model', {
    volumes: [{ name: 'models', emptyDir: {} }],
    initContainers: [{ ...sh('load', 'echo loaded >> /mnt/models/log'), volumeMounts }],
    containers: [
      { ...sh('main', 'cat /mnt/models/log; trap "exit 0" TERM; while true; do sleep 0.02; done'), volumeMounts },
    ],
  })
  const first = await status('model', 'ready', isReady)
  await stop()
  const stopped = pod('model')?.status
  assert.ok(stopped && !isReady(stopped), 'not ready while nothing runs')
  assert.equal(stopped.phase, 'Running')
  assert.equal(pod('model')?.metadata.deletionTimestamp, undefined)

  await start()
  const again = await status('model', 'ready again', isReady)
  assert.equal(again.containerStatuses?.[0]?.restartCount, 1)
  assert.equal(again.containerStatuses?.[0]?.lastState.terminated?.exitCode, 137)
  assert.equal(again.initContainerStatuses?.[0]?.restartCount, 0)
  assert.equal(again.podIP, first.podIP)
  assert.equal(again.startTime, first.startTime)
  await eventually('it has found what was loaded', async () => (await logs('model', 'main')).text === 'loaded\n')
})

test('a pod whose directory is lost runs its init containers again', async (t) => {
  const { run, status, stop, start, dataDir } = await podRunnerFixture(t)
  const volumeMounts = [{ name: 'models', mountPath: '/mnt/models' }]
  run('model', {
    volumes: [{ name: 'models', emptyDir: {} }],
    initContainers: [{ ...sh('load', 'echo loaded > /mnt/models/log'), volumeMounts }],
    containers: [{ ...sh('main', 'cat /mnt/models/log && exec sleep 60'), volumeMounts }],
  })
  await status('model', 'ready', isReady)
  await stop()
  await rm(join(dataDir, 'pods'), { recursive: true })
  await start()
  await status('model', 'ready again', isReady)
})

test('what a platform says about pods is true again when its start resolves', async (t) => {
  const { run, status, stop, start, pod, cluster } = await podRunnerFixture(t)
  run('model', { containers: [{ name: 'main', image: 'server', readinessProbe: { tcpSocket: { port: 8080 } } }] })
  const ready = await status('model', 'ready', isReady)
  await stop()
  // As after kill -9: nobody has said that it is down.
  cluster.put(resources.pods, { metadata: { name: 'model' }, status: ready })
  await start()
  const now = pod('model')?.status
  assert.ok(now && (!isReady(now) || now.containerStatuses?.[0]?.restartCount === 1))
})

test('a pod that may not restart fails when the platform goes down under it', async (t) => {
  const { run, status, stop, start } = await podRunnerFixture(t)
  run('once', { restartPolicy: 'Never', containers: [sh('main', 'sleep 60')] })
  await status('once', 'running', ({ phase }) => phase === 'Running')
  await stop()
  await start()
  const failed = await status('once', 'failed', ({ phase }) => phase === 'Failed')
  assert.equal(failed.containerStatuses?.[0]?.state.terminated?.exitCode, 137)
})

test('a pod that was deleted while the platform was down goes without being started', async (t) => {
  const { run, status, stop, start, pod, cluster } = await podRunnerFixture(t)
  run('gone', { containers: [sh('main', 'sleep 60')] })
  await status('gone', 'ready', isReady)
  await stop()
  await cluster.client.delete(resources.pods, { namespace: 'default', name: 'gone' })
  await start()
  await eventually('the pod is gone', () => pod('gone') === undefined)
})

test('directories of pods that were removed meanwhile are removed at start', async (t) => {
  const { run, status, stop, start, cluster, dataDir } = await podRunnerFixture(t)
  run('orphan', { containers: [sh('main', 'sleep 60')] })
  await status('orphan', 'ready', isReady)
  await stop()
  cluster.remove(resources.pods, 'default', 'orphan')
  assert.equal((await readdir(join(dataDir, 'pods'))).length, 1)
  await start()
  assert.deepEqual(await readdir(join(dataDir, 'pods')), [])
})

test('after kill -9 the next start ends what was left, children included', onLinux, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pod-runner-'))
  t.after(() => rm(dataDir, { recursive: true, force: true }))
  const program = join(import.meta.dirname, '../testdata/programs/run-platform.ts')
  const platform = spawn(process.execPath, [program, dataDir], { stdio: 'ignore' })
  t.after(() => platform.kill('SIGKILL'))
  const pids = await eventually('the pod has started', () => findPids(dataDir))
  platform.kill('SIGKILL')
  await once(platform, 'exit')
  assert.deepEqual(pids.map(isAlive), [true, true])
  assert.equal(await endLeftovers(join(dataDir, 'processes'), 2000), 1)
  await eventually('both are gone', () => !pids.some(isAlive))
})

test('a process that only has the pid of a recorded one is left alone', onLinux, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pod-runner-'))
  t.after(() => rm(dataDir, { recursive: true, force: true }))
  const stranger: ChildProcess = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 300_000)'], { detached: true })
  t.after(() => stranger.kill('SIGKILL'))
  const pid = stranger.pid ?? 0
  const directory = join(dataDir, 'processes')
  openProcessLedger(directory).add(pid)
  const entry = JSON.parse(await readFile(join(directory, String(pid)), 'utf8')) as { startTicks: number }
  const { writeFile } = await import('node:fs/promises')
  await writeFile(join(directory, String(pid)), JSON.stringify({ ...entry, startTicks: entry.startTicks - 100 }))
  assert.equal(await endLeftovers(directory, 100), 0)
  assert.ok(isAlive(pid))
})

async function findPids(dataDir: string): Promise<number[] | undefined> {
  const files = await readdir(dataDir, { recursive: true }).catch(() => [])
  const path = files.find((file) => file.endsWith('/pids'))
  const text = path && (await readFile(join(dataDir, path), 'utf8'))
  const pids = text ? text.trim().split(/\s+/).map(Number) : []
  return pids.length === 2 ? pids : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
