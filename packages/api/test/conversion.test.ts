import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { checkObject, convertObject, formatFinding, inferenceServiceKind, type KindSource } from '@millrace/api'
import { allMoves, moveBack, moveForth, pathForth, type Shape } from '../src/convert/rename-fields.ts'
import { inferenceServiceMoves } from '../src/convert/inference-service-moves.ts'
import { objectSchema } from '../src/kinds/kind-source.ts'
import { resolve, type SchemaData } from '../src/schema/schema.ts'
import { randomValue, seededRandom } from './random-object.ts'
import { goldenAdmission, oracle } from './test-data.ts'

const older = 'serving.kserve.io/v1beta1'
const newer = 'serving.kserve.io/v1'
const objectsMax = 3000

type Json = Readonly<Record<string, unknown>>

function versionNamed(name: string): KindSource['versions'][number] {
  const found = inferenceServiceKind.versions.find((version) => version.name === name)
  assert.ok(found)
  return found
}

function converted(object: unknown, apiVersion: string): Json {
  const result = convertObject(object, apiVersion)
  assert.ok(result.ok, JSON.stringify(result))
  return result.object
}

/** Places where two values differ, as paths: what a lossy conversion has lost. */
function differences(a: unknown, b: unknown, path = ''): string[] {
  if (isDeepStrictEqual(a, b)) return []
  const isBranch = (value: unknown): value is Json => typeof value === 'object' && value !== null
  if (!isBranch(a) || !isBranch(b) || Array.isArray(a) !== Array.isArray(b)) return [path]
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  const inner = names.flatMap((name) => differences(a[name], b[name], path === '' ? name : `${path}.${name}`))
  return inner.length > 0 ? inner : [path]
}

function lost(object: Json, through: string): readonly string[] {
  const before = structuredClone(object)
  const there = converted(object, through)
  assert.equal(there['apiVersion'], through)
  const back = converted(there, String(object['apiVersion']))
  assert.deepEqual(object, before, 'the object that was given stays as it was')
  return differences(object, back)
}

function* randomServices(version: string): Generator<Json> {
  const random = seededRandom(20_260_401)
  const { fields } = versionNamed(version)
  for (let index = 0; index < objectsMax; index++) {
    const made = Object.entries(fields).map(([name, schema]) => [name, randomValue(schema, random)])
    const metadata = { name: `o${index}`, namespace: 'default', annotations: { k: 'v' } }
    yield {
      apiVersion: `serving.kserve.io/${version}`,
      kind: 'InferenceService',
      metadata,
      ...Object.fromEntries(made),
    }
  }
}

function recordedServices(): readonly Json[] {
  const cases = goldenAdmission().cases.flatMap(({ object, old, read }) => [
    object,
    ...(old ? [old] : []),
    ...(read ? [{ ...object, spec: read.spec }] : []),
  ])
  const all: readonly unknown[] = [...cases, ...oracle().map(({ object }) => object)]
  return (all as readonly Json[]).filter(({ kind }) => kind === 'InferenceService')
}

describe('an InferenceService', () => {
  test('is the same after v1beta1 → v1 → v1beta1, whatever is in it', () => {
    for (const object of randomServices('v1beta1')) assert.deepEqual(lost(object, newer), [], JSON.stringify(object))
  })

  test('is the same after v1 → v1beta1 → v1, whatever is in it', () => {
    for (const object of randomServices('v1')) assert.deepEqual(lost(object, older), [], JSON.stringify(object))
  })

  test('of the recorded ones is the same after both, valid or not', () => {
    const services = recordedServices()
    assert.ok(services.length > 900, `${services.length}`)
    for (const object of services) assert.deepEqual(lost(object, newer), [], JSON.stringify(object))
  })

  test('has the same faults in both versions', () => {
    const rulesOf = (object: unknown) =>
      checkObject(object)
        .map(({ severity, rule }) => `${severity} ${rule}`)
        .sort()
    let right = 0
    for (const object of [...recordedServices(), ...randomServices('v1beta1')]) {
      const before = rulesOf(object)
      const after = rulesOf(converted(object, newer))
      if (!before.some((said) => said.startsWith('error'))) right += 1
      // Two forms at once are two of a kind in v1beta1, and in v1 one that it does not know.
      if (before.includes('error predictor-form')) assert.ok(after.some((said) => said.startsWith('error')))
      else assert.deepEqual(after, before, JSON.stringify(object))
    }
    assert.ok(right > 500, `only ${right} were right`)
  })
})

type Fields = Readonly<Record<string, SchemaData>>

/** Every field of our own with its path; Kubernetes' own types count as one field. */
function fieldsOf(schema: SchemaData, path: readonly string[] = []): (readonly [readonly string[], SchemaData])[] {
  if (path.length > 0 && (schema.foreign || schema.$ref)) return [[path, schema]]
  const fields = (schema.properties ?? {}) as Fields
  const inner = Object.entries(fields).flatMap(([name, field]) => fieldsOf(field, [...path, name]))
  const items = schema.items ? fieldsOf(schema.items, [...path, '[]']) : []
  return inner.length + items.length > 0 ? [...inner, ...items] : [[path, schema]]
}

function fieldAt(schema: SchemaData, path: readonly string[]): SchemaData | undefined {
  let at: SchemaData | undefined = schema
  for (const name of path) at = name === '[]' ? at?.items : (at?.properties as Fields | undefined)?.[name]
  return at
}

function withoutWords(schema: SchemaData): SchemaData {
  const { description: _, inCrd: _crd, ...rest } = resolve(schema)
  return rest
}

describe('the moves', () => {
  const v1beta1 = objectSchema(inferenceServiceKind, versionNamed('v1beta1'))
  const v1 = objectSchema(inferenceServiceKind, versionNamed('v1'))
  const forth = (path: readonly string[]) =>
    pathForth(
      path.map((name) => (name === '[]' ? 0 : name)),
      inferenceServiceMoves,
    )
  const targetOf = (path: readonly string[]) => forth(path).map((name) => (name === 0 ? '[]' : String(name)))

  test('give every field of v1beta1 a place in v1 that takes the same', () => {
    const homeless = fieldsOf(v1beta1).filter(([path, schema]) => {
      const target = fieldAt(v1, targetOf(path))
      return !target || !isDeepStrictEqual(withoutWords(target), withoutWords(schema))
    })
    assert.deepEqual(
      homeless.map(([path]) => path.join('.')),
      [],
    )
  })

  test('leave no field of v1 without one of v1beta1, but for the mark of the older form', () => {
    const reached = new Set(fieldsOf(v1beta1).map(([path]) => targetOf(path).join('.')))
    const unreached = fieldsOf(v1)
      .map(([path]) => path.join('.'))
      .filter((path) => !reached.has(path))
    assert.deepEqual(
      unreached.filter((path) => !path.endsWith('.model.framework')),
      [],
    )
  })

  test('that lose something fail by the name of the field', () => {
    const broken: Shape = {
      moves: [
        { from: 'minReplicas', to: ['scaling', 'replicas'] },
        { from: 'maxReplicas', to: ['scaling', 'replicas'] },
      ],
    }
    const object = { minReplicas: 1, maxReplicas: 2 }
    assert.deepEqual(differences(object, moveBack(moveForth(object, broken), broken)), ['minReplicas'])
    assert.ok(allMoves(inferenceServiceMoves).length > 60)
  })
})

describe('what cannot be converted', () => {
  const iris = { apiVersion: older, kind: 'InferenceService', metadata: { namespace: 'a', name: 'iris' }, spec: {} }

  test('is refused with the object’s name and what can be done', () => {
    const cases: readonly (readonly [unknown, string, RegExp])[] = [
      [undefined, newer, /^what is to be converted is not an object$/],
      [[], newer, /not an object/],
      [{}, newer, /^an object has no kind or no apiVersion$/],
      [
        iris,
        'serving.kserve.io/v2',
        /^InferenceService a\/iris cannot be converted from .*v1beta1 to .*v2: its versions/,
      ],
      [{ ...iris, apiVersion: 'apps/v1' }, newer, /from apps\/v1/],
      [{ ...iris, kind: 'Pod' }, newer, /Pod is not a kind of serving\.kserve\.io/],
    ]
    for (const [object, apiVersion, message] of cases) {
      const result = convertObject(object, apiVersion)
      assert.ok(!result.ok)
      assert.match(result.message, message)
    }
  })

  test('is not what is only wrong: it comes back as it was, for validation to refuse', () => {
    const odd: readonly unknown[] = [
      undefined,
      'text',
      [1],
      { predictor: 'text', canary: {} },
      {
        predictor: { sklearn: {}, model: {}, xgboost: 'x', scaling: 7, minReplicas: 1, timeout: 1, timeoutSeconds: 2 },
      },
      { predictor: { model: 'm', batcher: [], workerSpec: 3, labels: 'l', template: { spec: 1 }, containers: 'c' } },
      JSON.parse('{"__proto__": {"a": 1}, "predictor": {"__proto__": 1, "constructor": {}, "minReplicas": 2}}'),
    ]
    for (const spec of odd) assert.deepEqual(lost({ ...iris, spec }, newer), [], JSON.stringify(spec))
  })
})

test('findings about a v1 object name its own fields', () => {
  const spec = {
    predictor: {
      model: { framework: 'sklearn', storageUri: 's33://b/m', env: [{ name: 'PYTHONPATH' }] },
      scaling: { minReplicas: 3, maxReplicas: 2, metric: 'rps' },
      rollout: { canaryTrafficPercent: 10 },
    },
  }
  const said = checkObject({ apiVersion: newer, kind: 'InferenceService', metadata: { name: 'iris' }, spec })
  assert.deepEqual(said.map(({ rule, path }) => `${rule} ${path}`).sort(), [
    'blocked-variable spec.predictor.model.env[0]',
    'min-over-max spec.predictor.scaling.minReplicas',
    'mode-ignores spec.predictor.rollout.canaryTrafficPercent',
    'mode-ignores spec.predictor.scaling.metric',
    'storage-scheme spec.predictor.model.storageUri',
  ])
  assert.match(said.map(formatFinding).join('\n'), /describe the other model in spec\.canaries/)
  const empty = {
    apiVersion: newer,
    kind: 'InferenceService',
    metadata: { name: 'iris' },
    spec: { predictor: { scaling: {} } },
  }
  assert.deepEqual(
    checkObject(empty).map(({ rule, path }) => `${rule} ${path}`),
    ['min-properties spec.predictor.scaling'],
  )
})
