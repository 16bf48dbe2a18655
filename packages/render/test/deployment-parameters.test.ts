import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { deadlineDecisions, progressDeadlineSeconds } from '../src/backend/progress-deadline.ts'
import { profiles } from './golden/cases.ts'
import { converge, create, type MemoryCluster, startCluster } from './golden/memory-cluster.ts'
import { installed } from './golden/replay.ts'

const deadlineKey = 'serving.knative.dev/progress-deadline'
const model = { modelFormat: { name: 'sklearn' }, storageUri: 's3://b/m' }

function play(profile: string, predictor: object, annotations: Record<string, string> = {}): MemoryCluster {
  const found = profiles.profiles[profile]
  assert.ok(found)
  const cluster = startCluster(
    { case: '', topic: '', profile, namespace: 'ns', configOverrides: {}, input: [] },
    found,
    installed,
  )
  const metadata = { name: 'iris', annotations }
  const spec = { predictor: { model, ...predictor } }
  const object = { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', metadata, spec }
  assert.deepEqual(create(cluster, object), { ok: true })
  converge(cluster)
  return cluster
}

function spec(cluster: MemoryCluster, key: string): Record<string, unknown> {
  const object: KubeObject | undefined = cluster.children.get(key)
  assert.ok(object, key)
  return Object(object['spec'])
}

test("Knative's progress deadline means the same in both modes, also beside a strategy of the user's own", () => {
  const annotations = { [deadlineKey]: '30m' }
  assert.equal(
    spec(play('standard-ingress', {}, annotations), 'Deployment.apps/iris-predictor')['progressDeadlineSeconds'],
    1800,
  )
  const strategy = { deploymentStrategy: { type: 'Recreate' } }
  assert.deepEqual(
    [spec(play('standard-ingress', strategy, annotations), 'Deployment.apps/iris-predictor')].map((found) => [
      found['progressDeadlineSeconds'],
      found['strategy'],
    ]),
    [[1800, { type: 'Recreate' }]],
  )
  const revision = Object(
    spec(play('knative', {}, annotations), 'Service.serving.knative.dev/iris-predictor')['template'],
  )
  assert.equal(revision.metadata.annotations[deadlineKey], '30m')
})

test('a deadline that cannot be read is refused, and where it stands already the default holds', () => {
  for (const [text, seconds] of [
    ['90s', 90],
    ['1h30m', 5400],
    ['2000ms', 2],
    ['1.5m', 90],
    ['0s', undefined],
    ['1500ms', undefined],
    ['600', undefined],
    ['-5s', undefined],
    ['soon', undefined],
  ] as const) {
    assert.equal(progressDeadlineSeconds({ [deadlineKey]: text }), seconds, text)
  }
  const workload = { component: 'predictor', annotations: { [deadlineKey]: 'soon' } } as unknown as Parameters<
    typeof deadlineDecisions
  >[0][number]
  const [decision] = deadlineDecisions([workload])
  assert.equal(decision?.refusable, true)
  assert.match(decision?.message ?? '', /"soon" is no duration of whole seconds: write it as /)
})

test('a pod gets the time of its longest request to stop, unless it says another', () => {
  const graceOf = (predictor: object) =>
    Object(Object(spec(play('standard-ingress', predictor), 'Deployment.apps/iris-predictor')['template']).spec)
      .terminationGracePeriodSeconds
  assert.equal(graceOf({ timeout: 120 }), 120)
  assert.equal(graceOf({ timeout: 120, terminationGracePeriodSeconds: 45 }), 45)
  assert.equal(graceOf({}), undefined)
})

test('where two pods are promised, drains take them one at a time', () => {
  const budget = 'PodDisruptionBudget.policy/iris-predictor'
  assert.equal(play('standard-ingress', {}).children.has(budget), false)
  const found = spec(play('standard-ingress', { minReplicas: 2 }), budget)
  assert.deepEqual(found, { maxUnavailable: 1, selector: { matchLabels: { app: 'isvc.iris-predictor' } } })
})

test("the spec's behaviour of scaling reaches the autoscaler: warm-up and stabilisation", () => {
  const behavior = {
    scaleUp: { stabilizationWindowSeconds: 60, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
    scaleDown: { stabilizationWindowSeconds: 600 },
  }
  const autoScaling = {
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
    behavior,
  }
  const found = spec(
    play('standard-ingress', { maxReplicas: 4, autoScaling }),
    'HorizontalPodAutoscaler.autoscaling/iris-predictor',
  )
  assert.deepEqual(found['behavior'], behavior)
})
