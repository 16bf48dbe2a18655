import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { knativeAutoscaler } from '../src/index.ts'
import { profiles } from './golden/cases.ts'
import { converge, create, type MemoryCluster, startCluster } from './golden/memory-cluster.ts'
import { installed } from './golden/replay.ts'

type Settings = Readonly<Record<string, string>>

function cluster(): MemoryCluster {
  const profile = profiles.profiles['knative']
  assert.ok(profile)
  const test = { case: '', topic: '', profile: 'knative', namespace: 'ns', configOverrides: {}, input: [] }
  return startCluster(test, profile, installed)
}

function set(running: MemoryCluster, data: Settings): void {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data }
  running.knative = { ...running.knative, autoscaler: knativeAutoscaler({ configMap }).autoscaler }
  converge(running)
}

function predictor(running: MemoryCluster, fields: object, annotations: Settings = {}): void {
  const model = { modelFormat: { name: 'sklearn' }, storageUri: 's3://b/m' }
  const found = running.objects.find(({ kind }) => kind === 'InferenceService')
  const spec = { predictor: { model, ...fields } }
  if (found) {
    found['spec'] = spec
    found.metadata = {
      ...found.metadata,
      generation: (found.metadata.generation ?? 1) + 1,
      annotations: { ...annotations },
    }
  } else {
    const metadata = { name: 'iris', annotations: { ...annotations } }
    const object = { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', metadata, spec }
    assert.deepEqual(create(running, object), { ok: true })
  }
  converge(running)
}

function live(running: MemoryCluster): KubeObject {
  const found = running.children.get('Service.serving.knative.dev/iris-predictor')
  assert.ok(found)
  return found
}

function initial(running: MemoryCluster): string | undefined {
  return Object(live(running)['spec']).template.metadata.annotations['autoscaling.knative.dev/initial-scale']
}

const initialKey = 'autoscaling.knative.dev/initial-scale'
const states: readonly Settings[] = [
  {},
  { 'initial-scale': '3' },
  { 'initial-scale': '9', 'max-scale': '7' },
  { 'initial-scale': '0', 'allow-zero-initial-scale': 'true' },
  { 'min-scale': '2', 'max-scale': '4' },
  { 'min-scale': '6', 'max-scale-limit': '3' },
]
const services: readonly (readonly [fields: object, annotations?: Settings])[] = [
  [{}],
  [{ maxReplicas: 2 }],
  [{ maxReplicas: 0 }],
  [{ minReplicas: 0 }],
  [{ minReplicas: 0, maxReplicas: 5 }],
  [{ minReplicas: 5 }],
  [{}, { [initialKey]: '0' }],
  [{}, { [initialKey]: '8' }],
  [{ maxReplicas: 5 }, { [initialKey]: '4' }],
]

test("no change of the cluster's settings makes a revision of an unchanged service", () => {
  for (const [fields, annotations] of services) {
    for (const first of states) {
      const running = cluster()
      set(running, first)
      predictor(running, fields, annotations)
      const before = structuredClone(live(running))
      for (const next of [...states, ...states.toReversed()]) {
        set(running, next)
        const what = JSON.stringify({ fields, annotations, first, next })
        assert.deepEqual(live(running), before, what)
      }
    }
  }
})

test("the next revision of a service gets the cluster's present settings", () => {
  for (const [fields, annotations] of services) {
    for (const first of states) {
      for (const next of states) {
        const running = cluster()
        set(running, first)
        predictor(running, fields, annotations)
        set(running, next)
        predictor(running, { ...fields, containerConcurrency: 7 }, annotations)
        const fresh = cluster()
        set(fresh, next)
        predictor(fresh, { ...fields, containerConcurrency: 7 }, annotations)
        const what = JSON.stringify({ fields, annotations, first, next })
        assert.deepEqual(live(running)['spec'], live(fresh)['spec'], what)
        assert.deepEqual(live(running).metadata.annotations, live(fresh).metadata.annotations, what)
      }
    }
  }
})

test("a change of the user's own wish makes a revision, whatever the cluster did before", () => {
  const running = cluster()
  set(running, { 'initial-scale': '9' })
  predictor(running, { maxReplicas: 5 })
  assert.equal(initial(running), '5')
  set(running, {})
  assert.equal(initial(running), '5', 'kept')
  predictor(running, { maxReplicas: 5 }, { [initialKey]: '5' })
  assert.equal(initial(running), '5')
  predictor(running, { maxReplicas: 5 }, { [initialKey]: '4' })
  assert.equal(initial(running), '4')
  predictor(running, { maxReplicas: 5 })
  assert.equal(initial(running), undefined)
})

test('a change of traffic alone keeps the revision too', () => {
  const running = cluster()
  set(running, { 'initial-scale': '9' })
  predictor(running, { maxReplicas: 5 })
  set(running, {})
  predictor(running, { maxReplicas: 5, canaryTrafficPercent: 10 })
  assert.equal(initial(running), '5')
})

test('says in a condition what was decided, by whom, and where the settings are', () => {
  const running = cluster()
  predictor(running, { maxReplicas: 0 }, { [initialKey]: '0' })
  const condition = () => {
    const service = running.objects.find(({ kind }) => kind === 'InferenceService')
    const all = Object(service?.['status']).conditions as readonly { type: string; status: string; message: string }[]
    return all.find(({ type }) => type === 'ScalingDecided')
  }
  assert.equal(condition()?.status, 'True')
  assert.match(
    condition()?.message ?? '',
    /settings come from .*\. Scale of predictor: initial 1 \(annotation\), least 1 \(default\), greatest unlimited \(spec\)\./,
  )
  running.knative = { autoscaler: knativeAutoscaler({}).autoscaler, domains: [] }
  converge(running)
  assert.equal(condition()?.status, 'False')
  assert.match(condition()?.message ?? '', /were not found, so its defaults are used: /)
  set(running, { 'max-scale-limit': '4' })
  assert.equal(condition()?.status, 'False')
  assert.match(
    condition()?.message ?? '',
    /unlimited, over the cluster's max-scale-limit of 4.*: lower it to 4 or less\./,
  )
})
