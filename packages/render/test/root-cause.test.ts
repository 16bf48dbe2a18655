import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { converge, create, type MemoryCluster, startCluster } from './golden/memory-cluster.ts'
import { profiles } from './golden/cases.ts'
import { installed } from './golden/replay.ts'

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

const model = { modelFormat: { name: 'sklearn' }, storageUri: 's3://bucket/model' }

function play(spec: object, profile = 'standard-ingress'): MemoryCluster {
  const found = profiles.profiles[profile]
  assert.ok(found)
  const cluster = startCluster(
    { case: '', topic: '', profile, namespace: 'ns', configOverrides: {}, input: [] },
    found,
    installed,
  )
  const service = {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { name: 'iris' },
    spec,
  }
  assert.deepEqual(create(cluster, service), { ok: true })
  converge(cluster)
  return cluster
}

function addPod(cluster: MemoryCluster, component: string, status: object): void {
  const labels = { app: `isvc.iris-${component}`, component, 'serving.kserve.io/inferenceservice': 'iris' }
  const metadata = { name: `iris-${component}-x`, namespace: 'ns', labels }
  cluster.pods.push({ apiVersion: 'v1', kind: 'Pod', metadata, status } as KubeObject)
  converge(cluster)
}

function conditions(cluster: MemoryCluster): (type: string) => Condition {
  const service = cluster.objects.find(({ kind }) => kind === 'InferenceService')
  const list = Object(service?.['status']).conditions as readonly Condition[]
  return (type) => list.find((condition) => condition.type === type) ?? { type, status: 'absent' }
}

/** Ready says the same as the part that is really the matter, in one sentence. */
function assertCause(cluster: MemoryCluster, part: string, reason: string, message: RegExp): void {
  const of = conditions(cluster)
  assert.notEqual(of('Ready').status, 'True')
  assert.deepEqual([of('Ready').reason, of('Ready').message], [of(part).reason, of(part).message])
  assert.equal(of('Ready').reason, reason)
  assert.match(of('Ready').message ?? '', message)
  assert.doesNotMatch(of('Ready').message ?? '', /\. [A-Z]/, 'one sentence')
}

for (const profile of ['standard-ingress', 'standard-gateway', 'knative']) {
  test(`Ready names a model that no runtime reads (${profile})`, () => {
    const cluster = play({ predictor: { model: { ...model, modelFormat: { name: 'odd' } } } }, profile)
    assertCause(cluster, 'PredictorReady', 'NoSupportingRuntime', /^No runtime fits model format "odd": .*\.$/)
  })

  test(`Ready names a storage URI that nothing fetches (${profile})`, () => {
    const cluster = play({ predictor: { model: { ...model, storageUri: 'ftp://host/model' } } }, profile)
    assertCause(cluster, 'PredictorReady', 'InvalidStorage', /^Storage URI "ftp:\/\/host\/model" .*: use one of /)
  })
}

test('Ready names a storage URI of the transformer as well', () => {
  const env = [{ name: 'STORAGE_URI', value: 'ftp://host/model' }]
  const containers = [{ name: 'kserve-container', image: 'i', env }]
  assertCause(play({ predictor: { model }, transformer: { containers } }), 'TransformerReady', 'InvalidStorage', /ftp:/)
})

test('Ready names a download that failed', () => {
  const cluster = play({ predictor: { model } })
  const terminated = { reason: 'Error', exitCode: 1, message: 'Traceback\nNo credentials found for s3://bucket.\n' }
  addPod(cluster, 'predictor', { initContainerStatuses: [{ name: 'storage-initializer', state: { terminated } }] })
  assertCause(
    cluster,
    'PredictorReady',
    'ModelLoadFailed',
    /^The model could not be downloaded \(.*exit code 1: No credentials found for s3:\/\/bucket\): correct /,
  )
})

test('Ready names a server that crashes, and one that has too little memory', () => {
  for (const [ended, message] of [
    [
      { reason: 'Error', exitCode: 3, message: 'ValueError: not a model' },
      /exit code 3: ValueError: not a model\): correct/,
    ],
    [
      {
        reason: 'Error',
        exitCode: 1,
        message:
          "node:net:1\n  throw\n\nError: listen EADDRINUSE: 0.0.0.0:8080\n    at listen (node:net)\n  code: 'EADDRINUSE'\n}\n\nNode.js v24.9.0\n",
      },
      /exit code 1: Error: listen EADDRINUSE: 0\.0\.0\.0:8080\): correct/,
    ],
    [
      { reason: 'Error', exitCode: 137, message: 'serving port=8080' },
      /was killed \(pod [^,]+, ended by SIGKILL, its last line was serving port=8080\): look whether/,
    ],
    [{ reason: 'Error', exitCode: 139 }, /failed \(pod [^,]+, ended by SIGSEGV\): correct/],
    [{ reason: 'OOMKilled', exitCode: 137 }, /more memory than its limit .*: raise resources\.limits\.memory\.$/],
  ] as const) {
    const cluster = play({ predictor: { model } })
    const state = { waiting: { reason: 'CrashLoopBackOff' } }
    const status = { name: 'kserve-container', ready: false, state, lastState: { terminated: ended } }
    addPod(cluster, 'predictor', { containerStatuses: [status] })
    assertCause(cluster, 'PredictorReady', 'ModelLoadFailed', message)
  }
})

test('Ready names the image of a transformer that cannot be had', () => {
  const containers = [{ name: 'kserve-container', image: 'nowhere/x' }]
  const cluster = play({ predictor: { model }, transformer: { containers } })
  const deployment = cluster.children.get('Deployment.apps/iris-predictor')
  const available = { type: 'Available', status: 'True' }
  const status = { observedGeneration: deployment?.metadata.generation, conditions: [available] }
  if (deployment) cluster.children.set('Deployment.apps/iris-predictor', { ...deployment, status })
  const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "nowhere/x".' }
  addPod(cluster, 'transformer', { containerStatuses: [{ name: 'kserve-container', state: { waiting } }] })
  assertCause(
    cluster,
    'TransformerReady',
    'RuntimeUnhealthy',
    /image .*ImagePullBackOff: Back-off .*: correct the image/,
  )
})

test('Ready names what keeps a pod off every node', () => {
  const cluster = play({ predictor: { model } })
  const message = '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.'
  const unscheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
  addPod(cluster, 'predictor', { phase: 'Pending', conditions: [unscheduled] })
  assertCause(cluster, 'PredictorReady', 'Unschedulable', /^No node takes pod \S+ \(0\/3 nodes .*gpu\): add capacity/)
})
