import assert from 'node:assert/strict'
import test from 'node:test'
import { resources as serving } from '@millrace/api'
import { resources } from '@millrace/kube'
import { startController } from '../src/index.ts'
import { makeDeploymentsReady, service } from './run-controller.ts'
import { ask, local, serve } from './served-webhook.ts'

const name = { namespace: 'kserve', name: 'inferenceservice-config' }
const anyPort = { host: '127.0.0.1', port: 0 }

/** Everything wrong at once: a text that is no JSON, a setting of another type, a template that names nothing. */
const broken = {
  deploy: '{"defaultDeploymentMode": "Nonsense"}',
  ingress: '{"domainTemplate": "{{ .Nmae }}", "ingressDomain": "models.example"}',
  storageInitializer: '{"image": ',
  agent: '{"image": "a:1", "cpuLimit": "lots"}',
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 200))

test('a broken configuration keeps its last good values, is told, and blocks neither updates nor deletions', async (t) => {
  const { cluster, controller, registration } = await serve(t, local, { metricsAddr: anyPort })
  const metric = async () => {
    const text = await (await fetch(`http://127.0.0.1:${controller.ports.metrics}/metrics`)).text()
    return /^millrace_config_problems (\d+)$/m.exec(text)?.[1]
  }
  const deployment = () => JSON.stringify(cluster.get(resources.deployments, 'default', 'iris-predictor')?.['spec'])
  cluster.put(serving.inferenceServices, service('iris'))
  await pause()
  assert.equal(await metric(), '0')
  const good = cluster.get(resources.configMaps, name.namespace, name.name)?.['data'] as Record<string, string>
  const before = deployment()

  cluster.put(resources.configMaps, { metadata: name, data: { ...good, ...broken } })
  await pause()
  assert.equal(await metric(), '4')
  const told = cluster.all(resources.events).filter(({ reason }) => reason === 'InvalidConfiguration')
  assert.equal(told.length, 1)
  for (const part of ['deploy.defaultDeploymentMode', 'ingress.domainTemplate', 'storageInitializer', 'agent.cpuLimit'])
    assert.ok(String(told[0]?.['message']).includes(`data.${part}: `), part)
  assert.equal(deployment(), before, 'what runs is left alone')

  const old = cluster.get(serving.inferenceServices, 'default', 'iris')
  const next = { ...service('iris', { minReplicas: 2 }), metadata: { ...old?.metadata } }
  const { clientConfig } = registration()
  const review = await ask(clientConfig, { operation: 'UPDATE', object: next, oldObject: old })
  assert.equal(review.allowed, true)
  assert.equal((await ask(clientConfig, { operation: 'DELETE', oldObject: old })).allowed, true)
  cluster.put(serving.inferenceServices, {
    ...next,
    metadata: { ...next.metadata, finalizers: ['inferenceservice.finalizers'] },
  })
  await pause()
  const hpa = cluster.get(resources.horizontalPodAutoscalers, 'default', 'iris-predictor')
  assert.equal(Object(hpa?.['spec']).minReplicas, 2, 'an update takes effect')

  const dying = cluster.get(serving.inferenceServices, 'default', 'iris')
  cluster.put(serving.inferenceServices, {
    ...dying,
    metadata: { ...dying?.metadata, deletionTimestamp: '2024-06-01T00:00:00Z' },
  })
  await pause()
  assert.ok(
    cluster.writes.some((write) => write === 'patch inferenceservices iris'),
    'a finalizer does not stay',
  )

  cluster.put(resources.configMaps, { metadata: name, data: good })
  await pause()
  assert.equal(await metric(), '0')
})

test('the last good values are kept over a restart', async (t) => {
  const { cluster, controller } = await serve(t, local)
  const good = cluster.get(resources.configMaps, name.namespace, name.name)?.['data'] as Record<string, string>
  const mine = {
    ...good,
    storageInitializer: (good['storageInitializer'] ?? '').replace('"image"', '"image": "mine/init:1", "was"'),
  }
  cluster.put(resources.configMaps, { metadata: name, data: mine })
  cluster.put(serving.inferenceServices, service('iris'))
  await pause()
  const image = () => {
    const spec = Object(cluster.get(resources.deployments, 'default', 'iris-predictor')?.['spec'])
    return spec.template.spec.initContainers[0].image
  }
  assert.equal(image(), 'mine/init:1')
  await controller.close()
  cluster.put(resources.configMaps, { metadata: name, data: { ...mine, ...broken } })
  cluster.writes.length = 0
  const second = await startController({ client: cluster.client })
  t.after(() => second.close())
  await second.ready
  await pause()
  assert.equal(image(), 'mine/init:1')
  assert.deepEqual(
    cluster.writes.filter((write) => write.startsWith('apply')),
    [],
  )
})

test('a configuration that was deleted stays in effect, over a restart as well', async (t) => {
  const { cluster, controller } = await serve(t, local)
  const good = cluster.get(resources.configMaps, name.namespace, name.name)?.['data'] as Record<string, string>
  const ingress = JSON.stringify({ ...JSON.parse(good['ingress'] ?? ''), ingressDomain: 'models.example' })
  cluster.put(resources.configMaps, { metadata: name, data: { ...good, ingress } })
  cluster.put(serving.inferenceServices, service('iris'))
  await pause()
  makeDeploymentsReady(cluster)
  await pause()
  cluster.remove(resources.configMaps, name.namespace, name.name)
  await pause()
  await controller.close()
  const before = cluster.writes.length
  const second = await startController({ client: cluster.client })
  t.after(() => second.close())
  await second.ready
  await pause()
  assert.deepEqual(cluster.writes.slice(before), [])
  cluster.put(resources.configMaps, { metadata: name, data: good })
  await pause()
  assert.match(JSON.stringify(cluster.get(resources.ingresses, 'default', 'iris')?.['spec']), /example\.com/)
})

test('a controller that starts with a broken configuration has defaults for what is broken, and says what cannot do without', async (t) => {
  const { cluster } = await serve(t, local, {}, ({ put }) => {
    put(resources.configMaps, { metadata: name, data: broken })
  })
  cluster.put(serving.inferenceServices, service('iris'))
  await pause()
  const condition = Object(cluster.get(serving.inferenceServices, 'default', 'iris')?.['status']).conditions
  assert.match(JSON.stringify(condition), /domainTemplate cannot be used .*correct it in inferenceservice-config/)
  const { ingress: _, ...others } = broken
  cluster.put(resources.configMaps, { metadata: name, data: others })
  await pause()
  assert.ok(cluster.get(resources.deployments, 'default', 'iris-predictor'))
})
