import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { resources } from '@millrace/kube'
import { eventually } from '../eventually.ts'
import { isReady, podRunnerFixture, sh } from './runner-fixture.ts'

test('runs a pod to Ready on an address of its own and answers there', async (t) => {
  const { run, status, cluster, runner } = await podRunnerFixture(t)
  const readinessProbe = { tcpSocket: { port: 'http' } }
  const ports = [{ name: 'http', containerPort: 8080 }]
  run('a', { containers: [{ name: 'main', image: 'server', ports, readinessProbe }] })
  run('b', { containers: [{ name: 'main', image: 'server', ports, readinessProbe }] })
  const a = await status('a', 'ready', isReady)
  const b = await status('b', 'ready', isReady)
  assert.notEqual(a.podIP, b.podIP)
  assert.match(a.podIP ?? '', /^127\./)
  assert.deepEqual(await (await fetch(`http://${a.podIP}:8080/x`)).json(), { pod: 'a', url: '/x' })
  assert.deepEqual(await (await fetch(`http://${b.podIP}:8080/x`)).json(), { pod: 'b', url: '/x' })
  assert.equal(a.phase, 'Running')
  const conditions = Object.fromEntries((a.conditions ?? []).map(({ type, status }) => [type, status]))
  assert.deepEqual(conditions, {
    PodReadyToStartContainers: 'True',
    Initialized: 'True',
    ContainersReady: 'True',
    Ready: 'True',
    PodScheduled: 'True',
  })
  const node = cluster.find(resources.nodes, undefined, runner().nodeName)
  const nodeStatus = node?.status as { daemonEndpoints: unknown; addresses: { address: string }[] }
  assert.deepEqual(nodeStatus.daemonEndpoints, { kubeletEndpoint: { Port: runner().kubeletPort } })
  assert.equal(nodeStatus.addresses[0]?.address, '127.0.0.1')
  assert.ok(cluster.find(resources.leases, 'kube-node-lease', runner().nodeName))
})

test('runs init containers in order, a sidecar beside, then the rest, and a Job-like pod to Succeeded', async (t) => {
  const { run, status, logs } = await podRunnerFixture(t)
  const volumeMounts = [{ name: 'shared', mountPath: '/mnt/shared' }]
  const say = (name: string, script: string) => ({ ...sh(name, script), volumeMounts })
  run('job', {
    restartPolicy: 'Never',
    volumes: [{ name: 'shared', emptyDir: {} }],
    initContainers: [
      say('first', 'echo first >> /mnt/shared/order'),
      { ...say('side', 'echo side >> /mnt/shared/order; while true; do sleep 0.05; done'), restartPolicy: 'Always' },
      say('second', 'sleep 0.1; echo second >> /mnt/shared/order'),
    ],
    containers: [say('main', 'echo main >> /mnt/shared/order; cat /mnt/shared/order')],
  })
  const done = await status('job', 'succeeded', ({ phase }) => phase === 'Succeeded')
  assert.equal((await logs('job', 'main')).text, 'first\nside\nsecond\nmain\n')
  assert.deepEqual(
    done.initContainerStatuses?.map(({ name, state }) => [name, Boolean(state.terminated)]),
    [
      ['first', true],
      ['side', true],
      ['second', true],
    ],
  )
  assert.equal(done.containerStatuses?.[0]?.state.terminated?.reason, 'Completed')
  assert.equal(done.conditions?.find(({ type }) => type === 'Initialized')?.reason, 'PodCompleted')
})

test('a failed init container fails the pod when it may not restart, and says why from its log', async (t) => {
  const { run, status } = await podRunnerFixture(t)
  const terminationMessagePolicy = 'FallbackToLogsOnError' as const
  run('bad', {
    restartPolicy: 'Never',
    initContainers: [{ ...sh('load', 'echo there is no model; exit 7'), terminationMessagePolicy }],
    containers: [sh('main', 'true')],
  })
  const failed = await status('bad', 'failed', ({ phase }) => phase === 'Failed')
  const { state } = failed.initContainerStatuses?.[0] ?? {}
  assert.equal(state?.terminated?.exitCode, 7)
  assert.equal(state?.terminated?.message, 'there is no model\n')
  assert.equal(failed.containerStatuses?.[0]?.state.waiting?.reason, 'PodInitializing')
})

test('restarts a crashing container, first at once, then with back-off that says why', async (t) => {
  const { run, status, logs } = await podRunnerFixture(t)
  run('crash', { containers: [sh('main', 'echo cannot read model.onnx >&2; exit 5')] })
  const crashing = await status(
    'crash',
    'backing off',
    (found) => found.containerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff',
  )
  const [main] = crashing.containerStatuses ?? []
  assert.equal(main?.restartCount, 1)
  assert.equal(main?.lastState.terminated?.exitCode, 5)
  assert.match(main?.state.waiting?.message ?? '', /main: it ended with exit code 5: cannot read model\.onnx$/)
  assert.equal(crashing.phase, 'Running')
  assert.equal((await logs('crash', 'main', 'previous=true')).text, 'cannot read model.onnx\n')
  await status('crash', 'a third life', (found) => (found.containerStatuses?.[0]?.restartCount ?? 0) >= 2)
})

test('reads why a program ended from its termination message file', async (t) => {
  const { run, status } = await podRunnerFixture(t)
  const terminationMessagePath = '/dev/termination-log'
  run('say', {
    restartPolicy: 'Never',
    containers: [{ ...sh('main', 'echo gone > /dev/termination-log; exit 1'), terminationMessagePath }],
  })
  const failed = await status('say', 'failed', ({ phase }) => phase === 'Failed')
  assert.equal(failed.containerStatuses?.[0]?.state.terminated?.message, 'gone\n')
})

test('says what to do about an image that no program stands for', async (t) => {
  const { run, status } = await podRunnerFixture(t)
  run('unknown', { containers: [{ name: 'main', image: 'nvcr.io/tritonserver:24' }] })
  const waiting = await status(
    'unknown',
    'image back-off',
    (found) => found.containerStatuses?.[0]?.state.waiting?.reason === 'ErrImageNeverPull',
  )
  assert.match(waiting.containerStatuses?.[0]?.state.waiting?.message ?? '', /nvcr\.io\/tritonserver:24.*cluster/)
  assert.equal(waiting.phase, 'Pending')
})

test('waits for a Secret, without its content in status, and starts when it is there', async (t) => {
  const { run, status, cluster, logs } = await podRunnerFixture(t)
  const env = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }]
  run('wants', { restartPolicy: 'Never', containers: [{ ...sh('main', 'test "$KEY" = hidden && echo yes'), env }] })
  const waiting = await status(
    'wants',
    'config error',
    (found) => found.containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError',
  )
  assert.match(waiting.containerStatuses?.[0]?.state.waiting?.message ?? '', /Secret "s".*create it/)
  cluster.put(resources.secrets, { metadata: { name: 's' }, data: { k: Buffer.from('hidden').toString('base64') } })
  const done = await status('wants', 'succeeded', ({ phase }) => phase === 'Succeeded')
  assert.equal((await logs('wants', 'main')).text, 'yes\n')
  assert.ok(!JSON.stringify(done).includes('hidden'))
})

test('ends a pod gracefully, tells its last status, then lets the object go, and removes its directory', async (t) => {
  const { run, status, cluster, pod, dataDir } = await podRunnerFixture(t)
  run('polite', {
    containers: [
      {
        ...sh('main', 'trap "exit 0" TERM; echo up; while true; do sleep 0.02; done'),
        readinessProbe: { exec: { command: ['/bin/sh', '-c', 'true'] } },
      },
    ],
  })
  await status('polite', 'ready', isReady)
  const before = cluster.writes.length
  await cluster.client.delete(resources.pods, { namespace: 'default', name: 'polite' })
  await eventually('the pod is gone', () => pod('polite') === undefined)
  const after = cluster.writes.slice(before).filter((write) => write.includes('pods default/polite'))
  assert.equal(after[0], 'delete pods default/polite ')
  assert.equal(after.at(-1), 'delete pods default/polite 0')
  assert.ok(after.slice(1, -1).every((write) => write === 'replace pods default/polite status') && after.length > 2)
  await eventually('its directory is gone', async () => (await readdir(join(dataDir, 'pods'))).length === 0)
})

test('kills what does not listen to SIGTERM when the grace period is over', async (t) => {
  const { run, status, cluster, pod, logs } = await podRunnerFixture(t)
  run('deaf', {
    terminationGracePeriodSeconds: 30,
    containers: [sh('main', 'trap "" TERM; echo up; while true; do sleep 0.02; done')],
  })
  await status('deaf', 'ready', isReady)
  await eventually('it has stopped listening', async () => (await logs('deaf', 'main')).text.includes('up'))
  const begin = performance.now()
  await cluster.client.delete(resources.pods, { namespace: 'default', name: 'deaf' }, { gracePeriodSeconds: 30 })
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.ok(pod('deaf'), 'it still has its grace period')
  await cluster.client.delete(resources.pods, { namespace: 'default', name: 'deaf' }, { gracePeriodSeconds: 1 })
  await eventually('the pod is gone', () => pod('deaf') === undefined)
  assert.ok(performance.now() - begin > 900, 'not before the grace period')
})

test('fails a pod that is active for longer than it may be', async (t) => {
  const { run, status } = await podRunnerFixture(t)
  run('slow', { restartPolicy: 'OnFailure', activeDeadlineSeconds: 1, containers: [sh('main', 'sleep 60')] })
  const failed = await status('slow', 'failed', ({ phase }) => phase === 'Failed')
  assert.equal(failed.reason, 'DeadlineExceeded')
})

test('kills a container that exceeds its memory limit and says so', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const { run, status } = await podRunnerFixture(t, {
    resolveImage: () => ({
      command: [process.execPath, '-e', 'const b=[]; setInterval(() => b.push(Buffer.alloc(2e7, 1)), 5)'],
    }),
  })
  run('fat', {
    restartPolicy: 'Never',
    containers: [{ name: 'main', image: 'fat', resources: { limits: { memory: '200Mi' } } }],
  })
  const failed = await status('fat', 'failed', ({ phase }) => phase === 'Failed')
  assert.equal(failed.containerStatuses?.[0]?.state.terminated?.reason, 'OOMKilled')
  assert.equal(failed.containerStatuses?.[0]?.state.terminated?.exitCode, 137)
})

test('does not bind a pod whose node selector cannot match, and says why; binds it when the node matches', async (t) => {
  const { run, status, cluster } = await podRunnerFixture(t)
  run('gpu', { nodeSelector: { gpu: 'a100' }, containers: [sh('main', 'sleep 60')] })
  const refused = await status('gpu', 'unschedulable', (found) =>
    found.conditions?.some(({ reason }) => reason === 'Unschedulable'),
  )
  assert.match(refused.conditions?.[0]?.message ?? '', /gpu=a100, and node millrace has no label gpu/)
  cluster.put(resources.nodes, { metadata: { name: 'millrace', labels: { gpu: 'a100' } } })
  await status('gpu', 'running', ({ phase }) => phase === 'Running')
})
