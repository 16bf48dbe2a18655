import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { resources as serving } from '@millrace/api'
import { KubeError, type Log, silentLog } from '@millrace/kube'
import { startController, startTracing } from '../src/index.ts'
import { createServingCluster } from './memory-cluster.ts'
import { service } from './run-controller.ts'

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[]
  readonly status: { readonly code?: number; readonly message?: string }
}

/** A little OTLP receiver over HTTP, as a collector is one. */
async function startReceiver(t: TestContext) {
  const requests: {
    readonly path: string
    readonly headers: Readonly<Record<string, unknown>>
    readonly body: string
  }[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push({ path: request.url ?? '', headers: request.headers, body: String(Buffer.concat(chunks)) })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => void server.close())
  const scopes = () => requests.flatMap(({ body }) => JSON.parse(body).resourceSpans)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    resource: () => scopes()[0].resource.attributes as OtlpSpan['attributes'],
    spans: (): readonly OtlpSpan[] =>
      scopes().flatMap(({ scopeSpans }) => scopeSpans.flatMap((one: { spans: OtlpSpan[] }) => one.spans)),
  }
}

/** The variables are those of the process: each test file has one of its own. */
function setEnvironment(t: TestContext, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    process.env[name] = value
    t.after(() => void delete process.env[name])
  }
}

const attribute = (attributes: OtlpSpan['attributes'], name: string) =>
  attributes.find(({ key }) => key === name)?.value.stringValue

test('a run is a trace: gather, render, compare, each write, status', async (t) => {
  const receiver = await startReceiver(t)
  setEnvironment(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=models',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
  })
  const tracing = await startTracing(process.env, silentLog)
  const cluster = createServingCluster()
  const forbidden = {
    ...cluster.client,
    apply: ((resource, object, options) => {
      if (resource.kind !== 'HorizontalPodAutoscaler') return cluster.client.apply(resource, object, options)
      return Promise.reject(new KubeError({ code: 'Forbidden', httpStatus: 403, message: 'not allowed' }))
    }) as typeof cluster.client.apply,
  }
  const controller = await startController({ client: forbidden, tracing })
  await controller.ready
  cluster.put(serving.inferenceServices, service('iris'))
  await new Promise((resolve) => setTimeout(resolve, 40))
  await controller.close()
  await tracing?.close()
  assert.ok(receiver.requests.length > 0)
  assert.equal(receiver.requests[0]?.path, '/v1/traces')
  assert.equal(receiver.requests[0]?.headers['x-team'], 'models')
  assert.equal(receiver.requests[0]?.headers['content-type'], 'application/json')
  assert.equal(attribute(receiver.resource(), 'service.name'), 'millrace-controller')
  assert.equal(attribute(receiver.resource(), 'deployment.environment'), 'test')
  const spans = receiver.spans()
  const root = spans.find(({ name, parentSpanId }) => name === 'reconcile' && !parentSpanId)
  assert.ok(root)
  assert.equal(attribute(root.attributes, 'millrace.name'), 'iris')
  assert.equal(attribute(root.attributes, 'k8s.namespace.name'), 'default')
  assert.equal(root.status.code, 2, 'the run failed')
  const parts = spans.filter(({ traceId, parentSpanId }) => traceId === root.traceId && parentSpanId === root.spanId)
  const inOrder = parts.toSorted((a, b) => (BigInt(a.startTimeUnixNano) < BigInt(b.startTimeUnixNano) ? -1 : 1))
  assert.deepEqual(
    inOrder.map(({ name }) => name),
    ['gather', 'render', 'compare', 'apply Service', 'apply Deployment', 'apply HorizontalPodAutoscaler', 'status'],
  )
  const refused = parts.find(({ name }) => name === 'apply HorizontalPodAutoscaler')
  assert.equal(refused?.status.code, 2)
  assert.match(refused?.status.message ?? '', /not allowed/)
  for (const { startTimeUnixNano, endTimeUnixNano } of parts) {
    assert.ok(BigInt(startTimeUnixNano) >= BigInt(root.startTimeUnixNano))
    assert.ok(BigInt(endTimeUnixNano) <= BigInt(root.endTimeUnixNano))
  }
})

test('nothing is traced, and nothing loaded for it, unless an endpoint is named', async () => {
  assert.equal(await startTracing({}, silentLog), undefined)
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
  assert.equal(await startTracing({ ...endpoint, OTEL_SDK_DISABLED: 'true' }, silentLog), undefined)
  assert.equal(await startTracing({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }, silentLog), undefined)
})

test('a collector that is not there costs a line of log, and nothing else', async (t) => {
  setEnvironment(t, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '200' })
  const lines: string[] = []
  const log: Log = { ...silentLog, warn: (message, fields) => void lines.push(`${message} ${JSON.stringify(fields)}`) }
  const tracing = await startTracing(process.env, log)
  assert.equal(await tracing?.root.part('work', {}, () => 7), 7)
  await tracing?.close()
  assert.ok(lines.length <= 2, lines.join('\n'))
  assert.match(lines.join('\n'), /Traces cannot be sent|were not sent/)
})
