import assert from 'node:assert/strict'
import test from 'node:test'
import { resources as serving } from '@millrace/api'
import { KubeError, resources } from '@millrace/kube'
import { createServingCluster, knativeService, type MemoryCluster } from './memory-cluster.ts'
import { condition, runController, service, statusOf } from './run-controller.ts'
import { knativeServings } from '../src/watched-kinds.ts'

const knative = { 'serving.kserve.io/deploymentMode': 'Knative' }
const label = { 'app.kubernetes.io/name': 'knative-serving' }

function settings(namespace: string, data: Record<string, string>, labels: Record<string, string> = {}) {
  return { metadata: { namespace, name: 'config-autoscaler', labels }, data }
}

function initialScale(cluster: MemoryCluster, name: string): string | undefined {
  const found = cluster.get(knativeService, 'default', `${name}-predictor`)
  return Object(found?.['spec']).template?.metadata.annotations['autoscaling.knative.dev/initial-scale']
}

function message(cluster: MemoryCluster, name: string): string {
  return condition(statusOf(cluster, name), 'ScalingDecided')?.message ?? ''
}

function withKnative(): MemoryCluster {
  const cluster = createServingCluster()
  cluster.install(knativeService)
  return cluster
}

test('settings are found in the usual namespace, by label, or at the operator; each change counts at once', async () => {
  const cluster = withKnative()
  cluster.put(resources.configMaps, settings('elsewhere', { 'initial-scale': '9' }))
  const running = await runController(cluster)
  cluster.put(serving.inferenceServices, service('a', { maxReplicas: 2 }, knative))
  await running.settle()
  assert.match(message(cluster, 'a'), /were not found/, 'anybody may call a ConfigMap so')
  cluster.put(resources.configMaps, settings('my-knative', { 'initial-scale': '5' }, label))
  await running.settle()
  assert.match(message(cluster, 'a'), /ConfigMap my-knative\/config-autoscaler/)
  cluster.put(resources.configMaps, settings('knative-serving', { 'initial-scale': '6' }))
  await running.settle()
  assert.match(message(cluster, 'a'), /ConfigMap knative-serving\/config-autoscaler/)
  cluster.install(knativeServings)
  const spec = { config: { autoscaler: { 'initial-scale': '7' } } }
  cluster.put(knativeServings, { metadata: { namespace: 'my-knative', name: 'ks' }, spec })
  await running.settle()
  assert.match(message(cluster, 'a'), /KnativeServing my-knative\/ks/)
  assert.equal(initialScale(cluster, 'a'), undefined, 'it was made under other settings, and is as it was')
  cluster.put(serving.inferenceServices, service('b', { maxReplicas: 3 }, knative))
  await running.settle()
  assert.equal(initialScale(cluster, 'b'), '3')
  await running.close()
})

test('a change of settings writes no Knative Service, and reads nothing from the API server', async () => {
  const cluster = withKnative()
  cluster.put(resources.configMaps, settings('knative-serving', { 'initial-scale': '9', 'min-scale': '2' }))
  const reads: string[] = []
  const get: typeof cluster.client.get = (resource, name, options) => {
    reads.push(`${resource.plural} ${name.name}`)
    return cluster.client.get(resource, name, options)
  }
  const running = await runController(cluster, {}, { ...cluster.client, get })
  for (const [name, fields] of Object.entries({
    a: {},
    b: { maxReplicas: 3 },
    c: { minReplicas: 0 },
    d: { minReplicas: 4 },
  }))
    cluster.put(serving.inferenceServices, service(name, fields, knative))
  await running.settle()
  assert.equal(initialScale(cluster, 'b'), '3')
  const before = cluster.all(knativeService)
  for (const data of [
    {},
    { 'initial-scale': '2' },
    { 'allow-zero-initial-scale': 'true', 'initial-scale': '0' },
    { 'max-scale': '1' },
  ]) {
    reads.length = 0
    const written = cluster.writes.length
    cluster.put(resources.configMaps, settings('knative-serving', data as Record<string, string>))
    await running.settle()
    assert.deepEqual(cluster.all(knativeService), before, JSON.stringify(data))
    assert.deepEqual(reads, [])
    const writes = cluster.writes.slice(written).filter((write) => !write.startsWith('replace status'))
    assert.deepEqual(
      writes.filter((write) => !/ events /.test(write)),
      [],
    )
  }
  await running.close()
})

test('settings that may not be read are told once, in the log and in the status', async () => {
  const cluster = withKnative()
  cluster.put(resources.configMaps, settings('knative-serving', { 'initial-scale': '3' }))
  const forbid = (options: { readonly fieldSelector?: string } | undefined) => {
    if (options?.fieldSelector !== 'metadata.name=config-autoscaler') return
    throw new KubeError({ code: 'Forbidden', httpStatus: 403, message: 'configmaps is forbidden' })
  }
  const client = {
    ...cluster.client,
    list: (async (resource, options) => {
      forbid(options)
      return cluster.client.list(resource, options)
    }) as typeof cluster.client.list,
    watch: ((resource, options) => {
      forbid(options)
      return cluster.client.watch(resource, options)
    }) as typeof cluster.client.watch,
  }
  const running = await runController(cluster, {}, client)
  for (const name of ['a', 'b', 'c']) cluster.put(serving.inferenceServices, service(name, {}, knative))
  await running.settle()
  assert.match(message(cluster, 'a'), /defaults are used/)
  assert.equal(running.lines.filter((line) => line.includes('settings cannot be used')).length, 1)
  await running.close()
})

test('a configured namespace is the only one that is looked at', async () => {
  const cluster = withKnative()
  cluster.put(resources.configMaps, settings('knative-serving', { 'initial-scale': '3' }))
  cluster.put(resources.configMaps, settings('kn', { 'initial-scale': '4' }))
  const running = await runController(cluster, { knativeNamespace: 'kn' })
  cluster.put(serving.inferenceServices, service('a', {}, knative))
  await running.settle()
  assert.match(message(cluster, 'a'), /initial 4 \(cluster\)/)
  await running.close()
})

test('a limit that comes later refuses nothing that is there, and every change that brings it', async () => {
  const cluster = withKnative()
  const running = await runController(cluster)
  const old = service('a', { maxReplicas: 9 }, knative)
  cluster.put(serving.inferenceServices, old)
  await running.settle()
  cluster.put(resources.configMaps, settings('knative-serving', { 'max-scale-limit': '5' }))
  await running.settle()
  assert.equal(condition(statusOf(cluster, 'a'), 'ScalingDecided')?.reason, 'MaxScaleOverLimit')
  assert.ok(cluster.get(knativeService, 'default', 'a-predictor'), 'it goes on serving')
  await running.close()
})
