import assert from 'node:assert/strict'
import test from 'node:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resources as serving } from '@millrace/api'
import { type AnswerFacts, createAuthority, issueCertificate, systemClock } from '@millrace/kube'
import { observe } from '@millrace/render'
import { createVirtualClock } from '@millrace/testkit'
import { convertPath, startController, validatePath } from '../src/index.ts'
import { createMetrics } from '../src/metrics.ts'
import { createServingCluster } from './memory-cluster.ts'
import { service } from './run-controller.ts'
import { ask, local, serve } from './served-webhook.ts'

const anyPort = { host: '127.0.0.1', port: 0 }

async function scrape(port: number | undefined): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
}

test('runs, queues, calls, webhooks and leading are counted in the names of controller-runtime and client-go', async (t) => {
  let answered: (facts: AnswerFacts) => void = () => {}
  const { cluster, controller, registration } = await serve(t, local, {
    metricsAddr: anyPort,
    leaderElect: true,
    answers: (listener) => (answered = listener),
  })
  cluster.put(serving.inferenceServices, service('iris'))
  await ask(registration().clientConfig, { object: service('other') })
  await ask(registration().clientConfig, { object: service('bad', { minReplicas: 3, maxReplicas: 1 }) })
  answered({ method: 'GET', host: 'api:6443', httpStatus: 200, seconds: 0.2 })
  answered({ method: 'PATCH', host: 'api:6443', httpStatus: undefined, seconds: 1 })
  await new Promise((resolve) => setTimeout(resolve, 200))
  const text = await scrape(controller.ports.metrics)
  const queue = 'name="inferenceservice",controller="inferenceservice"'
  for (const line of [
    'controller_runtime_reconcile_total{controller="inferenceservice",result="success"} [1-9]',
    'controller_runtime_reconcile_total{controller="inferencegraph",result="requeue_after"} 0',
    'controller_runtime_reconcile_errors_total{controller="inferenceservice"} 0',
    'controller_runtime_reconcile_panics_total{controller="inferenceservice"} 0',
    'controller_runtime_terminal_reconcile_errors_total{controller="inferenceservice"} 0',
    'controller_runtime_webhook_panics_total 0',
    'controller_runtime_conversion_webhook_panics_total 0',
    'certwatcher_read_certificate_total 0',
    'certwatcher_read_certificate_errors_total 0',
    'controller_runtime_reconcile_time_seconds_count{controller="inferenceservice"} [1-9]',
    'controller_runtime_max_concurrent_reconciles{controller="inferenceservice"} [1-9]',
    'controller_runtime_active_workers{controller="inferenceservice"} 0',
    `workqueue_adds_total{${queue}} [1-9]`,
    `workqueue_depth{${queue}} 0`,
    `workqueue_retries_total{${queue}} 0`,
    `workqueue_queue_duration_seconds_count{${queue}} [1-9]`,
    `workqueue_work_duration_seconds_count{${queue}} [1-9]`,
    `workqueue_unfinished_work_seconds{${queue}} 0`,
    `workqueue_longest_running_processor_seconds{${queue}} 0`,
    'rest_client_requests_total{code="200",method="GET",host="api:6443"} 1',
    'rest_client_requests_total{code="<error>",method="PATCH",host="api:6443"} 1',
    'rest_client_request_duration_seconds_count{verb="GET",host="api:6443"} 1',
    'leader_election_master_status{name="millrace-controller"} 1',
    'controller_runtime_webhook_requests_total{webhook="/validate",code="200"} 2',
    'controller_runtime_webhook_requests_in_flight{webhook="/validate"} 0',
    'controller_runtime_webhook_latency_seconds_count{webhook="/validate"} 2',
    'millrace_capability{name="certManager"} 0',
    'process_cpu_seconds_total [0-9.]+',
  ])
    assert.match(text, new RegExp(`^${line.replaceAll(/[{}]/g, '\\$&')}$`, 'm'))
})

test('bugs of ours, and looks at files with a certificate, are counted', async (t) => {
  const certDir = await mkdtemp(join(tmpdir(), 'certificate-'))
  t.after(() => rm(certDir, { recursive: true, force: true }))
  const validity = { now: systemClock.now(), validForMs: 1e9 }
  const authority = createAuthority({ commonName: 'theirs', ...validity })
  const names = { dnsNames: [], ipAddresses: ['127.0.0.1'] }
  const pair = issueCertificate(authority, { commonName: 'x', ...names, usage: 'server', ...validity })
  const files = { 'tls.crt': pair.certificate, 'tls.key': pair.key, 'ca.crt': authority.certificate }
  for (const [name, text] of Object.entries(files)) await writeFile(join(certDir, name), text)
  const render = () => {
    throw new TypeError('a bug')
  }
  const { cluster, controller } = await serve(
    t,
    { ...local, certDir },
    { metricsAddr: anyPort, renderer: { render, observe } },
  )
  cluster.put(serving.inferenceServices, service('iris'))
  await new Promise((resolve) => setTimeout(resolve, 200))
  const text = await scrape(controller.ports.metrics)
  assert.match(text, /^controller_runtime_reconcile_panics_total\{controller="inferenceservice"\} [1-9]/m)
  assert.match(text, /^certwatcher_read_certificate_total 1$/m)
  assert.match(text, /^certwatcher_read_certificate_errors_total 0$/m)
})

test('an answer that only a bug gives is counted as one, apart for conversions', async () => {
  const metrics = await createMetrics()
  for (const [path, httpStatus] of [
    [validatePath, 200],
    [validatePath, 500],
    [convertPath, 500],
    [convertPath, 500],
  ] as const)
    metrics.webhook(path)(httpStatus)
  const { text } = await metrics.render()
  assert.match(text, /^controller_runtime_webhook_panics_total 1$/m)
  assert.match(text, /^controller_runtime_conversion_webhook_panics_total 2$/m)
})

test('one whose run hangs is not alive: whoever watches may end it', async (t) => {
  const cluster = createServingCluster()
  const clock = createVirtualClock()
  const hanging = Promise.withResolvers<never>()
  const client = {
    ...cluster.client,
    apply: ((resource, object, options) =>
      resource.kind === 'Deployment'
        ? hanging.promise
        : cluster.client.apply(resource, object, options)) as typeof cluster.client.apply,
  }
  const controller = await startController({ client, clock, random: () => 0, healthProbeAddr: anyPort })
  t.after(async () => {
    hanging.reject(new Error('the test is over'))
    const closing = controller.close()
    await clock.advance(60_000)
    await closing
  })
  await clock.advance(2_000)
  cluster.put(serving.inferenceServices, service('iris'))
  await clock.advance(500_000)
  const healthz = () => fetch(`http://127.0.0.1:${controller.ports.health}/healthz`)
  assert.equal((await healthz()).status, 200)
  await clock.advance(200_000)
  const answer = await healthz()
  assert.equal(answer.status, 500)
  assert.match(await answer.text(), /a run hangs for 7\d\d s/)
})
