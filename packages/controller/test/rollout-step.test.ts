import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Comparison, KubeObject, Resource } from '@millrace/kube'
import { rolloutState } from '../src/rollout-state.ts'
import { nextStep, settledMark, whileWaiting } from '../src/rollout-step.ts'
import { markOf, rolling, withMark } from '../src/rollout-mark.ts'

const progressing = (status: string, reason: string) => ({ type: 'Progressing', status, reason, message: 'told' })

function deployment(status: object, replicas = 2): KubeObject {
  const metadata = { name: 'web', generation: 3 }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { replicas },
    status: { observedGeneration: 3, ...status },
  }
}

function revisions(
  created: string,
  ready: string,
  isReady: string,
  configured = 'True',
  observedGeneration = 2,
): KubeObject {
  const conditions = [
    { type: 'Ready', status: isReady },
    { type: 'ConfigurationsReady', status: configured, message: 'told' },
  ]
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'kn', generation: 2 },
    status: { observedGeneration, latestCreatedRevisionName: created, latestReadyRevisionName: ready, conditions },
  }
}

const done = { replicas: 2, updatedReplicas: 2, availableReplicas: 2 }

describe('how far pods are', () => {
  const cases: Readonly<Record<string, readonly [object: KubeObject, state: string]>> = {
    'all are new and available': [deployment(done), 'done'],
    'nobody has looked at the newest spec': [deployment({ ...done, observedGeneration: 2 }), 'under way'],
    'some are new': [deployment({ replicas: 3, updatedReplicas: 1, availableReplicas: 2 }), 'under way'],
    'an old one is still there': [deployment({ ...done, replicas: 3 }), 'under way'],
    'a new one is not available': [deployment({ ...done, availableReplicas: 1 }), 'under way'],
    'none are wanted': [deployment({}, 0), 'done'],
    'no progress in time': [
      deployment({ ...done, updatedReplicas: 1, conditions: [progressing('False', 'ProgressDeadlineExceeded')] }),
      'failed',
    ],
    'no progress in time, of an older spec': [
      deployment({ observedGeneration: 2, conditions: [progressing('False', 'ProgressDeadlineExceeded')] }),
      'under way',
    ],
    'pods are refused': [
      deployment({ conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'quota' }] }),
      'failed',
    ],
    'the newest revision is ready': [revisions('r2', 'r2', 'True'), 'done'],
    'the newest revision is on its way': [revisions('r2', 'r1', 'Unknown', 'Unknown'), 'under way'],
    'the newest revision failed': [revisions('r2', 'r1', 'False', 'False'), 'failed'],
    'Knative has not looked': [revisions('r1', 'r1', 'True', 'True', 1), 'under way'],
  }
  for (const [what, [object, state]] of Object.entries(cases))
    test(`${what}: ${state}`, () => assert.equal(rolloutState([object]).state, state))

  test('of several workloads the failed one counts, then the one on its way', () => {
    const onItsWay = deployment({ observedGeneration: 2 })
    const failed = revisions('r2', 'r1', 'False', 'False')
    assert.equal(rolloutState([deployment(done), onItsWay]).state, 'under way')
    assert.equal(rolloutState([onItsWay, failed, deployment(done)]).state, 'failed')
    assert.equal(rolloutState([]).state, 'done')
  })
})

const resource: Resource = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true }
const differing = (object: KubeObject, path: string): Comparison => ({
  object,
  resource,
  live: object,
  drift: [{ path, why: 'differs' }],
})

function service(status: object): KubeObject {
  const conditions = [{ type: 'Ready', status: 'True' }]
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { name: 's' },
    status: { conditions, ...status },
  }
}

describe('whose pods may be replaced', () => {
  const template = [differing(deployment(done), 'spec.template.spec.containers')]
  const step = (given: Partial<Parameters<typeof nextStep>[0]>) =>
    nextStep({ service: service({}), comparisons: template, isOwn: false, nowMs: 0, takeTurn: () => 'waits', ...given })

  test('a ready service waits for its turn when its pods would be others', () =>
    assert.deepEqual(step({}), { go: false }))
  test('nobody waits for what replaces no pods', () => {
    assert.equal(step({ comparisons: [differing(deployment(done), 'spec.replicas')] }).go, true)
    const { apiVersion, kind, metadata } = deployment(done)
    const isMissing: Comparison = { object: { apiVersion, kind, metadata }, resource, drift: [] }
    assert.equal(step({ comparisons: [isMissing] }).go, true)
  })
  test('its own wish, a broken service and one amid a failing change of its own go at once, and unmarked', () => {
    const at = { go: true, mark: undefined, isNew: false }
    assert.deepEqual(step({ isOwn: true }), at)
    assert.deepEqual(step({ service: service({ conditions: [{ type: 'Ready', status: 'False' }] }) }), at)
    assert.deepEqual(step({ service: service({ modelStatus: { transitionStatus: 'BlockedByFailedLoad' } }) }), at)
  })
  test('a turn begins with a mark, and one that is marked needs no other', () => {
    assert.deepEqual(step({ takeTurn: () => 'taken', nowMs: 5_000 }), { go: true, mark: rolling(5_000), isNew: true })
    assert.deepEqual(step({ takeTurn: () => 'unlimited' }), { go: true, mark: undefined, isNew: false })
    const marked = service(withMark(Object(service({})['status']), rolling(1_000)))
    assert.deepEqual(step({ service: marked }), { go: true, mark: rolling(1_000), isNew: false })
  })
  test('of who waits, pods and Services stay, and the rest is written', () => {
    const plain = (apiVersion: string, kind: string) => differing({ apiVersion, kind, metadata: { name: 'x' } }, 'spec')
    const all = [
      ...template,
      plain('v1', 'Service'),
      plain('networking.k8s.io/v1', 'Ingress'),
      plain('autoscaling/v2', 'HorizontalPodAutoscaler'),
    ]
    assert.deepEqual(
      whileWaiting(all).map(({ object }) => object.kind),
      ['Ingress', 'HorizontalPodAutoscaler'],
    )
  })
})

describe('how a turn ends', () => {
  const after = (children: readonly KubeObject[], status: object, more: object = {}) =>
    settledMark(rolling(0), {
      children,
      status: Object(service(status)['status']),
      nowMs: 60_000,
      deadlineMs: 300_000,
      refusal: undefined,
      ...more,
    })
  const onItsWay = [deployment({ ...done, availableReplicas: 1 })]
  const broken = { conditions: [{ type: 'Ready', status: 'False' }] }

  test('done and ready: the mark goes', () => assert.equal(after([deployment(done)], {}), undefined))
  test('done and not ready yet: it stays until the deadline, and has failed then', () => {
    assert.equal(after([deployment(done)], broken)?.state, 'rolling')
    assert.equal(after([deployment(done)], broken, { nowMs: 300_000 })?.state, 'failed')
  })
  test('slow, and serving by its earlier pods: the deadline ends it', () => {
    assert.equal(after(onItsWay, {})?.state, 'rolling')
    assert.equal(after(onItsWay, {}, { nowMs: 300_000 }), undefined)
  })
  test('a model that does not load, and a write that is refused, are failures with their reason', () => {
    const lastFailureInfo = { message: 'some lines\nno such file' }
    const failed = after(onItsWay, { modelStatus: { transitionStatus: 'BlockedByFailedLoad', lastFailureInfo } })
    assert.equal(failed?.state, 'failed')
    assert.match(failed?.message ?? '', /The new pods failed \(no such file\)/)
    assert.match(
      after(onItsWay, {}, { refusal: 'Deployment web could not be made' })?.message ?? '',
      /could not be made/,
    )
  })
  test('what failed is over when it is ready, or runs nothing any longer', () => {
    const failed = after(onItsWay, {}, { refusal: 'no' })
    const seen = { status: Object(service({})['status']), nowMs: 0, deadlineMs: 1, refusal: undefined }
    assert.equal(settledMark(failed, { ...seen, children: onItsWay })?.state, 'failed')
    assert.equal(settledMark(failed, { ...seen, children: [deployment(done)] }), undefined)
    assert.equal(settledMark(failed, { ...seen, children: [] }), undefined)
  })
  test('a mark survives being written and read', () => {
    const failed = after(onItsWay, {}, { refusal: 'no' })
    const status = withMark(Object(service({})['status']), failed)
    assert.deepEqual(markOf(service(status)), failed)
    assert.deepEqual(withMark(status, undefined), service({})['status'])
  })
})
