import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { resources, systemClock } from '@millrace/kube'
import { probeSettings, runProbeLoop } from '../../src/pod-runner/probe-loop.ts'
import { eventually } from '../eventually.ts'
import { isReady, podRunnerFixture, sh } from './runner-fixture.ts'

test('a server is ready soon after it is up, although its probe period is long', async (t) => {
  const { run, status } = await podRunnerFixture(t)
  const env = [{ name: 'READY_AFTER_MS', value: '300' }]
  const readinessProbe = { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 60 }
  run('eager', { containers: [{ name: 'main', image: 'server', env, readinessProbe }] })
  const early = await status('eager', 'running', ({ phase }) => phase === 'Running')
  assert.ok(!isReady(early))
  assert.equal(
    early.conditions?.find(({ type }) => type === 'Ready')?.message,
    'containers with unready status: [main]',
  )
  await status('eager', 'ready', isReady)
})

test('a failed liveness probe ends the container gracefully and starts it again', async (t) => {
  const { run, status, logs } = await podRunnerFixture(t)
  const livenessProbe = {
    httpGet: { path: '/healthz', port: 8080 },
    periodSeconds: 1,
    failureThreshold: 1,
    initialDelaySeconds: 1,
  }
  const readinessProbe = { tcpSocket: { port: 8080 } }
  run('sick', { containers: [{ name: 'main', image: 'server', livenessProbe, readinessProbe }] })
  const { podIP } = await status('sick', 'ready', isReady)
  await fetch(`http://${podIP}:8080/sicken`)
  const again = await status('sick', 'restarted', (found) => found.containerStatuses?.[0]?.restartCount === 1)
  assert.equal(again.containerStatuses?.[0]?.lastState.terminated?.exitCode, 0)
  assert.match((await logs('sick', 'main', 'previous=true')).text, /stopping\n$/)
})

test('a startup probe holds readiness and liveness back', async (t) => {
  const { run, status } = await podRunnerFixture(t)
  const env = [{ name: 'READY_AFTER_MS', value: '300' }]
  const startupProbe = { httpGet: { path: '/ready', port: 8080 } }
  const livenessProbe = { httpGet: { path: '/ready', port: 8080 }, failureThreshold: 1, periodSeconds: 1 }
  run('slow', { containers: [{ name: 'main', image: 'server', env, startupProbe, livenessProbe }] })
  const ready = await status('slow', 'ready', isReady)
  assert.equal(ready.containerStatuses?.[0]?.restartCount, 0)
  assert.equal(ready.containerStatuses?.[0]?.started, true)
})

test('probes by exec and by gRPC health check', async (t) => {
  const { run, status } = await podRunnerFixture(t)
  const volumeMounts = [{ name: 'v', mountPath: '/mnt/v' }]
  run('exec', {
    volumes: [{ name: 'v', emptyDir: {} }],
    containers: [
      {
        ...sh('main', 'sleep 0.2; touch /mnt/v/up; sleep 60'),
        volumeMounts,
        readinessProbe: { exec: { command: ['/bin/sh', '-c', 'test -f /mnt/v/up'] } },
      },
    ],
  })
  const env = [{ name: 'READY_AFTER_MS', value: '200' }]
  run('grpc', {
    containers: [{ name: 'main', image: 'grpc', env, readinessProbe: { grpc: { port: 9000, service: 'model' } } }],
  })
  run('other', {
    containers: [{ name: 'main', image: 'grpc', readinessProbe: { grpc: { port: 9000, service: 'unknown' } } }],
  })
  await status('exec', 'ready', isReady)
  await status('grpc', 'ready', isReady)
  assert.ok(!isReady(await status('other', 'running', ({ phase }) => phase === 'Running')))
})

test('runs postStart and preStop, and waits for preStop before SIGTERM', async (t) => {
  const { run, status, cluster, pod, dataDir } = await podRunnerFixture(t)
  const note = (word: string) => ({ exec: { command: ['/bin/sh', '-c', `echo ${word} >> /mnt/v/order`] } })
  cluster.put(resources.persistentVolumeClaims, { metadata: { name: 'v' }, spec: { accessModes: ['ReadWriteOnce'] } })
  run('hooked', {
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'v' } }],
    containers: [
      {
        ...sh('main', 'trap "echo term >> /mnt/v/order; exit 0" TERM; while true; do sleep 0.02; done'),
        volumeMounts: [{ name: 'v', mountPath: '/mnt/v' }],
        lifecycle: { postStart: note('started'), preStop: note('stopping') },
      },
    ],
  })
  await status('hooked', 'ready', isReady)
  await cluster.client.delete(resources.pods, { namespace: 'default', name: 'hooked' })
  await eventually('it is gone', () => pod('hooked') === undefined)
  assert.equal(await readFile(join(dataDir, 'volumes/default/v/order'), 'utf8'), 'started\nstopping\nterm\n')
})

test('waits with SIGTERM until no EndpointSlice sends traffic to the pod any more', async (t) => {
  const { run, status, cluster, pod } = await podRunnerFixture(t)
  run('routed', { containers: [{ name: 'main', image: 'server', readinessProbe: { tcpSocket: { port: 8080 } } }] })
  const { podIP } = await status('routed', 'ready', isReady)
  const uid = pod('routed')?.metadata.uid
  const slice = (ready: boolean) =>
    cluster.put(resources.endpointSlices, {
      metadata: { name: 's' },
      endpoints: [{ addresses: [podIP], conditions: { ready }, targetRef: { uid } }],
    })
  slice(true)
  await cluster.client.delete(resources.pods, { namespace: 'default', name: 'routed' })
  await new Promise((resolve) => setTimeout(resolve, 150))
  assert.equal((await fetch(`http://${podIP}:8080/`)).status, 200, 'it still answers')
  slice(false)
  await eventually('it is gone', () => pod('routed') === undefined)
})

test('counts failures once per period, successes and failures in a row', async () => {
  const stop = new AbortController()
  const told: string[] = []
  const answers = [false, true, true, false, false, false, true, true]
  await runProbeLoop({
    settings: { ...probeSettings({ successThreshold: 2, failureThreshold: 2 }), periodMs: 5 },
    clock: systemClock,
    signal: stop.signal,
    isEager: false,
    attempt: async () => {
      const ok = answers.shift()
      if (ok === undefined) stop.abort()
      return ok ? { ok } : { ok: false, message: 'no' }
    },
    onSuccess: () => told.push('good'),
    onFailure: (_message, isOver) => told.push(isOver ? 'bad' : 'failed'),
  })
  assert.deepEqual(told, ['failed', 'good', 'failed', 'bad', 'bad', 'good'])
})
