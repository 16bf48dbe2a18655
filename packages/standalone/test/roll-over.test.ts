import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { test, type TestContext } from 'node:test'
import { resources, startInformer } from '@millrace/kube'
import { startGateway } from '../src/gateway/start-gateway.ts'
import type { Pod } from '../src/pod-runner/pod.ts'
import { eventually } from './eventually.ts'
import type { FakeCluster } from './fake-cluster.ts'
import { isReady, podRunnerFixture } from './pod-runner/runner-fixture.ts'

/** Does what an EndpointSlice controller does, as slowly as one may be. */
function followEndpoints(t: TestContext, cluster: FakeCluster): void {
  const pods = startInformer<Pod>(cluster.client, resources.pods)
  const publish = () => {
    const endpoints = pods.list().flatMap(({ metadata, status }) => {
      const ready = status !== undefined && isReady(status) && !metadata.deletionTimestamp
      return status?.podIP
        ? [{ addresses: [status.podIP], conditions: { ready }, targetRef: { uid: metadata.uid } }]
        : []
    })
    const labels = { 'kubernetes.io/service-name': 'm' }
    cluster.put(resources.endpointSlices, {
      metadata: { name: 'm-1', labels },
      endpoints,
      ports: [{ name: 'http', port: 8080 }],
    })
  }
  pods.onChange(() => setTimeout(publish, 60))
  t.after(() => pods.stop())
}

test('replaces every pod under load without a failed request', async (t) => {
  const { cluster, run, status } = await podRunnerFixture(t)
  const gateway = await startGateway(cluster.client, { port: 0 })
  t.after(() => gateway.close())
  cluster.put(resources.services, { metadata: { name: 'm' }, spec: { ports: [{ name: 'http', port: 80 }] } })
  followEndpoints(t, cluster)
  const start = async (name: string) => {
    const readinessProbe = { tcpSocket: { port: 8080 } }
    run(name, { containers: [{ name: 'main', image: 'server', readinessProbe }] })
    await status(name, 'ready', isReady)
  }
  await Promise.all([start('old-1'), start('old-2')])

  const seen = new Set<string>()
  const failures: string[] = []
  await eventually('the first answer', async () => (await ask(gateway.port)).status === 200)
  let isOver = false
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const { status, text } = await ask(gateway.port)
        if (status === 200) seen.add((JSON.parse(text) as { pod: string }).pod)
        else failures.push(`${status} ${text}`)
      }
    }),
  )
  for (const turn of ['1', '2']) {
    await start(`new-${turn}`)
    await eventually('the new pod gets requests', () => seen.has(`new-${turn}`))
    await cluster.client.delete(resources.pods, { namespace: 'default', name: `old-${turn}` })
    await eventually('the old pod is gone', () => !cluster.find(resources.pods, 'default', `old-${turn}`))
  }
  isOver = true
  await load
  assert.deepEqual(failures, [])
  assert.deepEqual([...seen].sort(), ['new-1', 'new-2', 'old-1', 'old-2'])
})

function ask(port: number): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const call = httpRequest(
      { host: '127.0.0.1', port, method: 'POST', headers: { host: 'm.default.svc' } },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (part: string) => {
          text += part
        })
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }))
        answer.once('error', (error) => resolve({ status: 0, text: error.message }))
      },
    )
    call.once('error', (error) => resolve({ status: 0, text: error.message }))
    call.end('{"instances":[]}')
  })
}
