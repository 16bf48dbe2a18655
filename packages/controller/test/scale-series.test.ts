import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import type { KubeObject } from '@millrace/kube'
import type { Decision, RenderResult } from '@millrace/render'
import { parse } from 'yaml'
import { createMetrics } from '../src/metrics.ts'
import { createScaleTracker } from '../src/scale-series.ts'
import { service } from './run-controller.ts'

const iris: KubeObject = { ...service('iris'), metadata: { ...service('iris').metadata, uid: 'u' } }

function decided(initial: number, max: number, isOver = false): RenderResult {
  const decision = (reason: string, value: number): Decision => ({
    reason,
    message: '',
    level: 'info',
    source: 'spec',
    component: 'predictor',
    value,
  })
  const decisions = [
    decision('InitialScale', initial),
    decision('MinScale', 1),
    decision(isOver ? 'MaxScaleOverLimit' : 'MaxScale', max),
  ]
  return { ok: true, objects: [], decisions, facts: { mode: 'Knative', stopped: false } }
}

function live(created: string, ready: string | undefined, pods: number, revision = created) {
  const child: KubeObject = {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'iris-predictor', labels: { component: 'predictor' } },
    status: { latestCreatedRevisionName: created, latestReadyRevisionName: ready },
  }
  const pod = (index: number): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p${index}`, labels: { 'serving.knative.dev/revision': revision } },
  })
  return { children: [child], pods: Array.from({ length: pods }, (_, index) => pod(index)) }
}

type Tracker = ReturnType<typeof createScaleTracker>
const values = (tracker: Tracker, ...input: Parameters<Tracker['series']>) =>
  Object.fromEntries(
    tracker
      .series(...input)
      .map(({ metric, labels, value }) => [`${metric}${labels['bound'] ?? labels['reason'] ?? ''}`, value]),
  )

test('tells with how many pods a revision should and did begin', () => {
  const tracker = createScaleTracker()
  assert.equal(values(tracker, iris, decided(3, 5), live('r1', undefined, 1))['observed'], undefined)
  values(tracker, iris, decided(3, 5), live('r1', undefined, 2))
  const begun = values(tracker, iris, decided(3, 5), live('r1', 'r1', 2))
  assert.deepEqual([begun['configured'], begun['observed']], [3, 2])
  const later = values(tracker, iris, decided(3, 5), live('r1', 'r1', 5))
  assert.equal(later['observed'], 2, 'what comes later is no beginning')
  values(tracker, iris, decided(1, 5), live('r2', 'r1', 0))
  assert.equal(values(tracker, iris, decided(1, 5), live('r2', 'r2', 1))['observed'], 1)
})

test('says nothing about a beginning that it has not seen', () => {
  const tracker = createScaleTracker()
  const found = values(tracker, iris, decided(3, 5), live('r1', 'r1', 9))
  assert.deepEqual([found['configured'], found['observed']], [3, undefined])
})

test('tells of maxima over the limit, and of more pods than the maximum', () => {
  const tracker = createScaleTracker()
  const fine = values(tracker, iris, decided(1, 5), live('r1', 'r1', 5))
  assert.deepEqual([fine['violationOverLimit'], fine['violationExceeded']], [0, 0])
  const bad = values(tracker, iris, decided(1, 4, true), live('r1', 'r1', 5))
  assert.deepEqual([bad['violationOverLimit'], bad['violationExceeded']], [1, 1])
  const unlimited = values(tracker, iris, decided(1, 0), live('r1', 'r1', 50))
  assert.equal(unlimited['violationExceeded'], 0)
})

test('numbers of an object replace those before, and go with it', async () => {
  const metrics = await createMetrics()
  const tracker = createScaleTracker()
  const lines = async () =>
    (await metrics.render()).text.split('\n').filter((line) => line.startsWith('millrace_scale_decided{'))
  metrics.scale('u', tracker.series(iris, decided(3, 5), live('r1', undefined, 0)))
  assert.equal((await lines()).length, 3)
  metrics.scale('u', tracker.series(iris, decided(2, 4), live('r1', undefined, 0)))
  const text = (await lines()).join('\n')
  assert.match(text, /bound="initial",source="spec"\} 2/)
  assert.equal((await lines()).length, 3)
  metrics.scale('u', [])
  assert.deepEqual(await lines(), [])
})

/** Names that alerts and panels ask for, and which this process or Prometheus itself has. */
function metricsIn(expression: string): readonly string[] {
  const words = expression
    .replaceAll(/\{[^}]*\}|"[^"]*"|\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(by|on|without|ignoring|group_left)\s*\([^)]*\)/g, ' ')
  const functions = new Set(['sum', 'rate', 'histogram_quantile', 'label_values', 'and', 'or', 'unless', 'max', 'min'])
  return [...words.matchAll(/[a-z_][a-z0-9_]*/gi)].map(([word]) => word).filter((word) => !functions.has(word))
}

const deploy = new URL('../../../deploy/monitoring/', import.meta.url)

test('every metric that alerts and dashboard ask for is there', async () => {
  const metrics = await createMetrics()
  const { text } = await metrics.render()
  const known = new Set(
    [...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  )
  const rules = parse(readFileSync(new URL('prometheus-rules.yaml', deploy), 'utf8'))
  assert.equal(rules.kind, 'PrometheusRule')
  const alerts = rules.spec.groups.flatMap((group: { rules: object[] }) => group.rules) as readonly {
    readonly alert: string
    readonly expr: string
    readonly labels: object
    readonly annotations: object
  }[]
  const names = alerts.map(({ alert }) => alert)
  assert.equal(new Set(names).size, names.length)
  for (const { alert, expr, labels, annotations } of alerts) {
    assert.match(Object(labels).severity, /^(info|warning|critical)$/, alert)
    assert.ok(Object(annotations).summary && Object(annotations).description, alert)
    for (const metric of metricsIn(expr)) assert.ok(known.has(metric), `${alert} asks for ${metric}`)
  }
  const dashboard = JSON.parse(readFileSync(new URL('grafana-dashboard.json', deploy), 'utf8'))
  const ids = dashboard.panels.map(({ id }: { id: number }) => id)
  assert.equal(new Set(ids).size, ids.length)
  const asked = dashboard.panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
    targets.map(({ expr }) => expr),
  )
  const variables = dashboard.templating.list.flatMap(({ type, query }: { type: string; query: { query: string } }) =>
    type === 'query' ? [query.query.replace(', namespace', '')] : [],
  )
  assert.ok(asked.length >= 10)
  for (const expression of [...asked, ...variables])
    for (const name of metricsIn(expression)) assert.ok(known.has(name), `the dashboard asks for ${name}`)
  const own = [...known].filter((name) => name.startsWith('millrace_'))
  const used = new Set([...asked, ...alerts.map(({ expr }) => expr)].flatMap(metricsIn))
  assert.deepEqual(
    own.filter((name) => !used.has(name)),
    [],
    'every metric of ours is shown or watched',
  )
})
