import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  checkObject,
  type DeploymentMode,
  deploymentModes,
  type FieldRow,
  fieldsByMode,
  formatFinding,
  type Outcome,
  outcomeOf,
  parseConfig,
  type Scaler,
  shippedConfig,
  shippedRuntimes,
  shippedStorageContainers,
  type Shown,
} from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { emptyWorld, knativeAutoscaler, observe, render, type RenderInput, type RenderResult } from '../src/index.ts'

type Json = Record<string, unknown>

const scalers: Readonly<Record<DeploymentMode, readonly Scaler[]>> = {
  Standard: ['unsaid', 'hpa', 'keda', 'external', 'none'],
  Knative: ['kpa', 'knative-hpa'],
}
const componentNames = ['predictor', 'transformer', 'explainer'] as const
const own = { containers: [{ name: 'kserve-container', image: 'own:1' }] }
const metrics = [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
]

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The second over the first; lists are taken whole. */
function merged(a: unknown, b: unknown): unknown {
  if (!isObject(a) || !isObject(b)) return b === undefined ? a : b
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return Object.fromEntries(names.map((name) => [name, merged(a[name], b[name])]))
}

function annotationsOf(mode: DeploymentMode, scaler: Scaler): Json {
  const base = { 'serving.kserve.io/deploymentMode': mode }
  if (scaler === 'unsaid' || scaler === 'kpa') return base
  if (scaler === 'knative-hpa') return { ...base, 'autoscaling.knative.dev/class': 'hpa.autoscaling.knative.dev' }
  return { ...base, 'serving.kserve.io/autoscalerClass': scaler }
}

function service(mode: DeploymentMode, scaler: Scaler): Json {
  const scaling = scaler === 'keda' ? { autoScaling: { metrics } } : {}
  const model = { modelFormat: { name: 'sklearn' }, storageUri: 'pvc://models/iris' }
  const rolledOut = { latestRolledoutRevision: 'example-00001' }
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name: 'example',
      namespace: 'default',
      uid: 'uid',
      generation: 2,
      annotations: annotationsOf(mode, scaler),
    },
    spec: { predictor: { model, ...scaling }, transformer: { ...own, ...scaling }, explainer: { ...own, ...scaling } },
    status: { components: Object.fromEntries(componentNames.map((name) => [name, rolledOut])) },
  }
}

function graph(mode: DeploymentMode): Json {
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'InferenceGraph',
    metadata: {
      name: 'example',
      namespace: 'default',
      uid: 'uid',
      generation: 1,
      annotations: annotationsOf(mode, 'unsaid'),
    },
    spec: { nodes: { root: { routerType: 'Sequence', steps: [{ serviceUrl: 'http://a' }] } } },
  }
}

/** Where a row's fields are put, and whose objects then show it. */
function places(row: FieldRow): readonly { readonly at: (fields: unknown) => Json; readonly shownBy: string }[] {
  const inComponent = (name: string) => ({
    at: (fields: unknown) => ({ spec: { [name]: fields } }),
    shownBy: `example-${name}`,
  })
  switch (row.place) {
    case 'component':
      return componentNames.map(inComponent)
    case 'predictor':
    case 'transformer':
    case 'explainer':
      return [inComponent(row.place)]
    case 'spec':
      return [{ at: (spec) => ({ spec }), shownBy: 'example-predictor' }]
    case 'graph':
      return [{ at: (spec) => ({ spec }), shownBy: 'example' }]
    case 'annotation':
      return [{ at: (annotations) => ({ metadata: { annotations } }), shownBy: 'example-predictor' }]
    case 'label':
      return [{ at: (labels) => ({ metadata: { labels } }), shownBy: 'example-predictor' }]
  }
}

const { config } = parseConfig(shippedConfig)

function inputFor(object: Json, children: readonly KubeObject[]): RenderInput {
  return {
    service: object as unknown as KubeObject,
    world: { ...emptyWorld, objects: [...shippedRuntimes, ...shippedStorageContainers] as unknown as KubeObject[] },
    children,
    config,
    capabilities: { knative: true, istio: true, gatewayApi: true, keda: true, otel: true, imageVolume: true },
    knative: { autoscaler: knativeAutoscaler({}).autoscaler, domains: [] },
    controllerNamespace: 'kserve',
  }
}

/** What is rendered when everything has become ready: only then is the way in opened. */
function rendered(object: Json): RenderResult {
  const first = render(inputFor(object, []))
  if (!first.ok) return first
  const conditions = [{ type: 'Available', status: 'True' }]
  const status = { observedGeneration: 1, conditions, availableReplicas: 1, updatedReplicas: 1, replicas: 1 }
  const children = first.objects.map((child) => ({ ...child, metadata: { ...child.metadata, generation: 1 }, status }))
  return render(inputFor(object, children))
}

function isKind(object: KubeObject, kind: string): boolean {
  const isKnative = object.apiVersion.startsWith('serving.knative.dev/')
  return kind === 'KnativeService' ? isKnative : object.kind === kind && !isKnative
}

/** `Deployment next` is that of the canary, `Deployment worker` that of the workers. */
function find(result: RenderResult, kind: string, shownBy: string): KubeObject | undefined {
  assert.ok(result.ok, result.ok ? '' : result.problem.message)
  const [wanted = '', part] = kind.split(' ')
  const name =
    part === 'worker' ? `${shownBy}-worker` : part === undefined ? shownBy : shownBy.replace('-', `-${part}-`)
  return result.objects.find((object) => isKind(object, wanted) && object.metadata.name === name)
}

function valueAt(object: unknown, path: string): unknown {
  const names = [...path.matchAll(/\[([^\]]+)\]|([^.[\]]+)/g)].map(([, key, name]) => key ?? name ?? '')
  return names.reduce((at, name) => (Object(at) as Json)[name], object)
}

/** Without an annotation or label that is only carried along. */
function without(key: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => without(key, item))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== key)
      .map(([name, inner]) => [name, without(key, inner)]),
  )
}

function checkShown(shows: Shown, before: RenderResult, after: RenderResult, shownBy: string, what: string): void {
  const { kind, path, value, includes, absent } = shows
  if (absent) {
    assert.ok(after.ok)
    assert.equal(
      after.objects.some((object) => isKind(object, kind)),
      false,
      `${what}: there is a ${kind}`,
    )
    return
  }
  const object = find(after, kind, shownBy)
  assert.ok(object, `${what}: no ${kind} of ${shownBy}`)
  const seen = valueAt(object, path)
  if (includes === undefined) assert.deepEqual(seen, value, `${what}: ${kind} ${path}`)
  else assert.ok(Array.isArray(seen) && seen.includes(includes), `${what}: ${kind} ${path} is ${JSON.stringify(seen)}`)
  const was = valueAt(find(before, kind, shownBy), path)
  assert.notDeepEqual(was, seen, `${what}: it is so without the field too`)
}

function checkOutcome(row: FieldRow, outcome: Outcome, mode: DeploymentMode, scaler: Scaler): void {
  const base = row.place === 'graph' ? graph(mode) : service(mode, scaler)
  for (const { at, shownBy } of places(row)) {
    const plain = merged(base, at(row.given ?? {})) as Json
    const object = merged(plain, at(row.example)) as Json
    const what = `${row.field} (${row.values ?? 'any'}) in ${mode} by ${scaler} of ${shownBy}`
    const findings = checkObject(object)
    const errors = findings.filter(({ severity }) => severity === 'error')
    const said = findings.map(formatFinding).join('\n')
    if (outcome.effect === 'refused' && outcome.rule !== undefined) {
      assert.ok(
        errors.some(({ rule }) => rule === outcome.rule),
        `${what} is admitted: ${said}`,
      )
      continue
    }
    assert.deepEqual(errors.map(formatFinding), [], what)
    const after = rendered(object)
    if (outcome.effect === 'refused') {
      assert.equal(after.ok, false, `${what} is made`)
      assert.ok(
        findings.some(({ rule }) => rule === 'mode-refuses'),
        `${what} is not warned of`,
      )
      continue
    }
    const before = rendered(plain)
    if (outcome.effect === 'honoured' || outcome.effect === 'translated') {
      checkShown(outcome.shows, before, after, shownBy, what)
      continue
    }
    assert.ok(before.ok && after.ok, `${what}: ${after.ok ? '' : after.problem.message}`)
    const isCarried = row.place === 'annotation' || row.place === 'label'
    const objectsOf = ({ objects }: typeof after) => (isCarried ? without(row.field, objects) : objects)
    assert.deepEqual(objectsOf(after), objectsOf(before), `${what} has an effect`)
    // What only the page says of a part is said of the whole.
    assert.ok(
      findings.some(({ rule }) => rule === 'mode-ignores'),
      `${what} is not warned of: ${said}`,
    )
  }
}

describe('the table of fields by mode tells the truth', () => {
  for (const row of fieldsByMode) {
    for (const mode of deploymentModes) {
      test(`${row.place} ${row.field}${row.values === undefined ? '' : ` (${row.values})`} in ${mode} mode`, () => {
        const isScaled = !['annotation', 'label', 'graph', 'spec'].includes(row.place)
        const tried = isScaled ? scalers[mode] : scalers[mode].slice(0, 1)
        for (const scaler of tried) {
          const outcome = outcomeOf(row, mode, scaler)
          assert.ok(outcome, `nothing is said for ${scaler}`)
          checkOutcome(row, outcome, mode, scaler)
        }
        for (const outcome of row.outcomes[mode]) {
          const isReached = scalers[mode].some((scaler) => outcomeOf(row, mode, scaler) === outcome)
          assert.ok(isReached, 'an outcome is never reached')
        }
      })
    }
  }
})

test('the status keeps saying what has no effect, and is silent where everything has', () => {
  const conditionOf = (object: Json) => {
    const given = inputFor(object, [])
    const status = observe({ ...given, rendered: render(given), pods: [], now: '2026-01-01T00:00:00Z' })
    const conditions = status['conditions'] as readonly { readonly type: string; readonly message?: string }[]
    return conditions.find(({ type }) => type === 'FieldsIgnored')
  }
  const plain = service('Standard', 'unsaid')
  assert.equal(conditionOf(plain), undefined)
  const told = conditionOf(merged(plain, { spec: { predictor: { canaryTrafficPercent: 10 } } }) as Json)
  assert.deepEqual(told, {
    type: 'FieldsIgnored',
    status: 'True',
    severity: 'Info',
    reason: 'ModeIgnoresFields',
    message:
      'spec.predictor.canaryTrafficPercent has no effect in Standard mode: no older revision is kept there; describe the other model in spec.canary.',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  })
  const knative = merged(graph('Standard'), { spec: { timeout: 9 } }) as Json
  assert.match(conditionOf(knative)?.message ?? '', /^spec\.timeout has no effect in Standard mode/)
})
