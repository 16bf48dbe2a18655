import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { freshScale } from '../src/backend/kept-scale.ts'
import { type Bound, knativeScale } from '../src/backend/knative-scale.ts'
import { knativeAutoscaler } from '../src/index.ts'

type Named<T> = Readonly<Partial<Record<'min' | 'max' | 'initial', T>>>

interface Row {
  readonly promise: string
  readonly spec: { readonly minReplicas?: number; readonly maxReplicas?: number }
  readonly annotations?: Named<string>
  /** Of config-autoscaler. */
  readonly cluster?: Readonly<Record<string, string>>
  readonly written: Named<string>
  readonly min?: readonly [number, string]
  readonly max?: readonly [number, string]
  readonly initial?: readonly [number, string]
  readonly asked?: Named<string>
  readonly warning?: string
  readonly refusable?: string
}

const rows = JSON.parse(readFileSync(new URL('testdata/knative-scale.json', import.meta.url), 'utf8')) as readonly Row[]

function keyed(named: Named<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(named).map(([key, value]) => [`autoscaling.knative.dev/${key}-scale`, value]),
  )
}

for (const row of rows) {
  test(row.promise, () => {
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data: row.cluster ?? {} }
    const { autoscaler } = knativeAutoscaler({ configMap })
    const scale = knativeScale({
      path: 'spec.predictor',
      annotations: keyed(row.annotations ?? {}),
      deploying: row.spec,
      knative: { autoscaler, domains: [] },
    })
    const told = ({ value, source }: Bound) => [value, source]
    assert.deepEqual(scale.written, keyed(row.written))
    for (const bound of ['min', 'max', 'initial'] as const)
      if (row[bound]) assert.deepEqual(told(scale[bound]), row[bound])
    const { asked } = freshScale(scale)
    assert.deepEqual(asked === undefined ? undefined : JSON.parse(asked), row.asked && keyed(row.asked))
    const reasons = (wanted: 'warning' | 'refusable') =>
      scale.decisions
        .filter(({ level, refusable }) => (wanted === 'warning' ? level === 'warning' && !refusable : refusable))
        .map(({ reason }) => reason)
    assert.deepEqual(reasons('warning'), row.warning ? [row.warning] : [])
    assert.deepEqual(reasons('refusable'), row.refusable ? [row.refusable] : [])
    for (const { message, path } of scale.decisions) assert.match(`${path}: ${message}`, /^\S+: \S.*\.$/)
  })
}

test("the operator's object comes before the ConfigMap, whatever spelling it has", () => {
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'knative-serving', name: 'config-autoscaler' },
    data: { 'initial-scale': '2' },
  }
  const serving = (config: object) => ({
    apiVersion: 'operator.knative.dev/v1beta1',
    kind: 'KnativeServing',
    metadata: { namespace: 'serving', name: 'knative' },
    spec: { config },
  })
  for (const key of ['autoscaler', 'config-autoscaler']) {
    const found = knativeAutoscaler({ knativeServing: serving({ [key]: { 'initial-scale': 3 } }), configMap })
    assert.deepEqual([found.autoscaler.initialScale, found.place], [3, 'KnativeServing serving/knative'])
  }
  const without = knativeAutoscaler({ knativeServing: serving({}), configMap })
  assert.deepEqual([without.autoscaler.source, without.autoscaler.initialScale], ['config-autoscaler', 2])
  assert.equal(knativeAutoscaler({}).autoscaler.source, 'default')
})

test('a setting that cannot be read leaves its default, and is told', () => {
  const data = { 'initial-scale': 'three', 'allow-zero-initial-scale': 'yes please', 'max-scale': '7' }
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data }
  const { autoscaler, problems } = knativeAutoscaler({ configMap })
  assert.deepEqual([autoscaler.initialScale, autoscaler.allowZeroInitialScale, autoscaler.maxScale], [1, false, 7])
  assert.equal(problems.length, 2)
})
