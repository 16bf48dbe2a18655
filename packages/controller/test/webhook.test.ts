import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { resources as serving } from '@millrace/api'
import {
  certificateProblem,
  createAuthority,
  issueCertificate,
  KubeError,
  type KubeObject,
  resources,
  silentLog,
  systemClock,
} from '@millrace/kube'
import { createVirtualClock } from '@millrace/testkit'
import { startController, type WebhookOptions } from '../src/index.ts'
import { createServingCluster, type MemoryCluster } from './memory-cluster.ts'
import { service } from './run-controller.ts'
import { ask, configurationName, local, serve } from './served-webhook.ts'

test('the API server is told where to ask, and gets an answer it can trust', async (t) => {
  const { registration } = await serve(t, local)
  const { clientConfig, failurePolicy, rules } = registration()
  assert.equal(failurePolicy, 'Ignore')
  assert.ok(rules[0].resources.includes('inferenceservices') && rules[0].resources.includes('trainedmodels'))
  assert.deepEqual(await ask(clientConfig, { object: service('iris') }), { uid: 'u', allowed: true })
})

test('refuses with every reason at once, and warns of what will not do what it seems to', async (t) => {
  const { registration } = await serve(t, local)
  const { clientConfig } = registration()
  const bad = service('iris', { minReplicas: 5, maxReplicas: 1, canaryTrafficPercent: 200 })
  const refused = await ask(clientConfig, { object: bad })
  assert.equal(refused.allowed, false)
  assert.equal(refused.status?.code, 422)
  assert.match(refused.status?.message ?? '', /spec\.predictor\.minReplicas: .*; .*canaryTrafficPercent/)
  const misspelled = await ask(clientConfig, { object: { ...service('iris'), spec: { predicter: {} } } })
  assert.match(misspelled.status?.message ?? '', /predictor/)
})

test('what an older rule let in can still be changed where it is not wrong, and deleted', async (t) => {
  const { registration } = await serve(t, local)
  const { clientConfig } = registration()
  const old = service('iris', { minReplicas: 5, maxReplicas: 1 })
  const unfinalized = { ...old, metadata: { ...old.metadata, finalizers: [] } }
  const finalized = { ...old, metadata: { ...old.metadata, finalizers: ['x/y'] } }
  assert.equal(
    (await ask(clientConfig, { operation: 'UPDATE', oldObject: finalized, object: unfinalized })).allowed,
    true,
  )
  assert.equal((await ask(clientConfig, { operation: 'DELETE', oldObject: old })).allowed, true)
  const worse = service('iris', { minReplicas: 6, maxReplicas: 1 })
  assert.equal((await ask(clientConfig, { operation: 'UPDATE', oldObject: old, object: worse })).allowed, false)
})

test('runtimes of the same priority are refused with the cluster in view', async (t) => {
  const { registration, cluster } = await serve(t, local)
  const runtime = (name: string): KubeObject => ({
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    metadata: { namespace: 'default', name },
    spec: {
      protocolVersions: ['v1'],
      supportedModelFormats: [{ name: 'odd', version: '1', autoSelect: true, priority: 1 }],
      containers: [{ name: 'kserve-container', image: 'i' }],
    },
  })
  const { clientConfig } = registration()
  assert.equal((await ask(clientConfig, { object: runtime('one') })).allowed, true)
  cluster.put(serving.servingRuntimes, runtime('one'))
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal((await ask(clientConfig, { object: runtime('two') })).allowed, false)
})

test('on one machine the registration goes when the controller goes; a second look changes nothing', async () => {
  const cluster = createServingCluster()
  const controller = await startController({ client: cluster.client, webhook: local })
  await controller.ready
  assert.ok(cluster.get(resources.validatingWebhookConfigurations, undefined, configurationName))
  await controller.close()
  assert.equal(cluster.get(resources.validatingWebhookConfigurations, undefined, configurationName), undefined)
})

const inCluster: WebhookOptions & { readonly mode: 'service' } = {
  mode: 'service',
  host: '127.0.0.1',
  port: 0,
  service: { namespace: 'kserve', name: 'millrace-webhook' },
}
const crdName = 'inferenceservices.serving.kserve.io'

/** As deploy/ installs it: everything but the authority. */
function install(cluster: MemoryCluster, service: object = inCluster.service): void {
  const clientConfig = { service }
  const registration = { metadata: { name: configurationName }, webhooks: [{ name: 'one', clientConfig }] }
  cluster.put(resources.validatingWebhookConfigurations, registration)
  const conversion = { strategy: 'Webhook', webhook: { clientConfig } }
  cluster.put(resources.customResourceDefinitions, { metadata: { name: crdName }, spec: { conversion } })
}

function authorities(cluster: MemoryCluster) {
  const registration = cluster.get(resources.validatingWebhookConfigurations, undefined, configurationName)
  const crd = cluster.get(resources.customResourceDefinitions, undefined, crdName)
  return {
    validation: Object(registration?.['webhooks'])[0].clientConfig.caBundle as string | undefined,
    conversion: Object(crd?.['spec']).conversion.webhook.clientConfig.caBundle as string | undefined,
  }
}

test('in a cluster all replicas share one certificate, and fill its authority into what was installed', async (t) => {
  const cluster = createServingCluster()
  install(cluster)
  const start = async () => {
    const controller = await startController({ client: cluster.client, webhook: inCluster })
    t.after(() => controller.close())
    await controller.ready
    return controller
  }
  const first = await start()
  const secret = () => cluster.get(resources.secrets, 'kserve', 'millrace-webhook-certificate')
  const data = secret()?.['data'] as Record<string, string>
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
  const pair = { certificate: text('tls.crt'), key: text('tls.key') }
  assert.equal(
    certificateProblem(pair, { now: systemClock.now(), dnsNames: ['millrace-webhook.kserve.svc'] }),
    undefined,
  )
  const filled = { validation: data['ca.crt'], conversion: data['ca.crt'] }
  assert.deepEqual(authorities(cluster), filled)
  await start()
  assert.deepEqual(secret()?.['data'], data)
  await first.close()
  assert.deepEqual(authorities(cluster), filled)
  install(cluster)
  assert.deepEqual(authorities(cluster), { validation: undefined, conversion: undefined })
  await until(() => authorities(cluster).conversion !== undefined)
  assert.deepEqual(authorities(cluster), filled)
})

test('started while the API server is away, it stays, says what it waits for, and serves when the server is there', async () => {
  const cluster = createServingCluster()
  install(cluster)
  let isAway = true
  const client = new Proxy(cluster.client, {
    get: (target, property, receiver) => {
      if (isAway) throw new KubeError({ code: 'Unreachable', message: `${String(property)}: no connection` })
      return Reflect.get(target, property, receiver)
    },
  })
  const clock = createVirtualClock()
  const waits: string[] = []
  const log = { ...silentLog, warn: (message: string) => void waits.push(message) }
  const health = { host: '127.0.0.1', port: 0 }
  const controller = await startController({ client, webhook: inCluster, healthProbeAddr: health, clock, log })
  const ask = (path: string) => fetch(`http://127.0.0.1:${controller.ports.health}${path}`)
  await clock.advance(60_000)
  assert.equal((await ask('/healthz')).status, 200)
  assert.match(await (await ask('/readyz')).text(), /^not ready: the API server \(.*no connection\)/)
  const waiting = waits.length
  assert.ok(waits.includes('The webhook waits for its certificate, which is in a Secret'))
  assert.ok(waiting < 40, `${waiting} lines in a minute:\n${waits.join('\n')}`)
  isAway = false
  await clock.advance(60_000)
  await controller.ready
  assert.equal((await ask('/readyz')).status, 200)
  assert.notEqual(authorities(cluster).conversion, undefined)
  const closing = controller.close()
  await clock.advance(5_000)
  await closing
  assert.equal(clock.pending, 0)
})

test('a certificate that runs out is made anew by one of them and served by all, who are trusted before and after', async (t) => {
  const cluster = createServingCluster()
  install(cluster)
  const ports: number[] = []
  for (let replica = 0; replica < 2; replica++) {
    const controller = await startController({ client: cluster.client, webhook: inCluster })
    t.after(() => controller.close())
    await controller.ready
    ports.push(controller.ports.webhook ?? 0)
  }
  const place = { namespace: 'kserve', name: 'millrace-webhook-certificate' }
  const now = systemClock.now()
  // Less than a third of its life is left.
  const brief = { now: now - 90_000, validForMs: 100_000 }
  const authority = createAuthority({ commonName: 'brief', ...brief })
  const dnsNames = ['millrace-webhook.kserve.svc', 'millrace-webhook.kserve.svc.cluster.local']
  const request = { commonName: 'brief', dnsNames, ipAddresses: [], usage: 'server' as const, ...brief }
  const pair = issueCertificate(authority, request)
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const data = {
    'tls.crt': base64(pair.certificate),
    'tls.key': base64(pair.key),
    'ca.crt': base64(authority.certificate),
  }
  const known = await cluster.client.get(resources.secrets, place)
  await cluster.client.replace(resources.secrets, { ...known, data })
  const stored = () => Object(cluster.get(resources.secrets, place.namespace, place.name)?.['data'])
  await until(() => stored()['tls.crt'] !== data['tls.crt'])
  await until(() => authorities(cluster).validation === stored()['ca.crt'])
  const bundle = Buffer.from(String(authorities(cluster).validation), 'base64').toString()
  assert.ok(bundle.endsWith(authority.certificate) && bundle !== authority.certificate)
  const answer = async (port: number): Promise<boolean> => {
    const clientConfig = { url: `https://127.0.0.1:${port}/validate`, caBundle: stored()['ca.crt'] }
    return (await ask(clientConfig, { object: service('iris') }, dnsNames[0])).allowed
  }
  for (const port of ports) await until(() => answer(port).catch(() => false))
})

test('a Secret that somebody has damaged is written anew', async (t) => {
  const place = { namespace: 'kserve', name: 'millrace-webhook-certificate' }
  for (const damaged of ['tls.crt', 'tls.key', 'ca.crt']) {
    const cluster = createServingCluster()
    install(cluster)
    const start = async () => {
      const controller = await startController({ client: cluster.client, webhook: inCluster })
      t.after(() => controller.close())
      await controller.ready
      return controller
    }
    await (await start()).close()
    const data = cluster.get(resources.secrets, place.namespace, place.name)?.['data'] as Record<string, string>
    const garbage = '-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n'
    cluster.put(resources.secrets, {
      metadata: place,
      data: { ...data, [damaged]: Buffer.from(garbage).toString('base64') },
    })
    await start()
    const { conversion = '' } = authorities(cluster)
    assert.notEqual(conversion, '', damaged)
    assert.ok(!Buffer.from(conversion, 'base64').toString().includes('bm9uc2Vuc2U='), damaged)
  }
})

test("registrations of another service, and with an administrator's certificate all, stay as they are", async (t) => {
  const others = createServingCluster()
  install(others, { namespace: 'kserve', name: 'kserve-webhook-server-service' })
  const controller = await startController({ client: others.client, webhook: inCluster })
  t.after(() => controller.close())
  await controller.ready
  assert.deepEqual(authorities(others), { validation: undefined, conversion: undefined })

  const directory = await mkdtemp(join(tmpdir(), 'webhook-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const validity = { now: systemClock.now(), validForMs: 1e9 }
  const authority = createAuthority({ commonName: 'theirs', ...validity })
  const pair = issueCertificate(authority, { commonName: 'x', dnsNames: ['x'], usage: 'server', ...validity })
  await writeFile(join(directory, 'tls.crt'), pair.certificate)
  await writeFile(join(directory, 'tls.key'), pair.key)
  await writeFile(join(directory, 'ca.crt'), authority.certificate)
  const theirs = createServingCluster()
  install(theirs)
  const second = await startController({ client: theirs.client, webhook: { ...inCluster, certDir: directory } })
  t.after(() => second.close())
  await second.ready
  assert.deepEqual(authorities(theirs), { validation: undefined, conversion: undefined })
  assert.equal(theirs.get(resources.secrets, 'kserve', 'millrace-webhook-certificate'), undefined)
})

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, 'it never came true')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test("an administrator's certificate is taken from its folder; without one, starting fails and says why", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'webhook-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const cluster = createServingCluster()
  await assert.rejects(startController({ client: cluster.client, webhook: { ...local, certDir: directory } }), {
    code: 'BadCredentials',
    message: /No usable certificate in /,
  })
  assert.equal(cluster.openWatches, 0)
  const now = systemClock.now()
  const authority = createAuthority({ commonName: 'theirs', now, validForMs: 1e9 })
  const pair = issueCertificate(authority, {
    commonName: 'x',
    ipAddresses: ['127.0.0.1'],
    usage: 'server',
    now,
    validForMs: 1e9,
  })
  await writeFile(join(directory, 'tls.crt'), pair.certificate)
  await writeFile(join(directory, 'tls.key'), pair.key)
  const { registration } = await serve(t, { ...local, certDir: directory })
  assert.equal(registration().clientConfig.caBundle, undefined)
  await writeFile(join(directory, 'ca.crt'), authority.certificate)
  const second = await serve(t, { ...local, certDir: directory })
  assert.equal((await ask(second.registration().clientConfig, { object: service('iris') })).allowed, true)
})
