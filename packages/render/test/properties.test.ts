import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkObject } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { createSeededRandom, type SeededRandom } from '@millrace/testkit'
import { observe, reads, render, type RenderInput, secretFacts } from '../src/index.ts'
import { type Case, casesOf, profileNames, profiles } from './golden/cases.ts'
import { controllerNamespace, keyOf, type MemoryCluster, startCluster } from './golden/memory-cluster.ts'
import { installed } from './golden/replay.ts'

const generatedMax = 1500
const kinds = ['InferenceService', 'InferenceGraph', 'TrainedModel']

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Mixes two objects: each field comes from one of them, is left out now and then, and a text is sometimes odd. */
function mixed(a: unknown, b: unknown, random: SeededRandom): unknown {
  if (isObject(a) && isObject(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    const entries = [...keys].flatMap((key) =>
      random.chance(0.15) ? [] : [[key, mixed(a[key] ?? b[key], b[key] ?? a[key], random)]],
    )
    return Object.fromEntries(entries)
  }
  if (typeof a === 'string' && random.chance(0.03))
    return random.pick(['', '{{', '{{.Name}}', 'x'.repeat(70), 'ü', '../..', '0', 'oci://', 'pvc://'])
  if (typeof a === 'number' && random.chance(0.1)) return random.pick([0, 1, 3, 100, 2147483647])
  return random.chance(0.5) ? a : b
}

const cases = profileNames()
  .filter((name) => name !== 'startup')
  .flatMap((name) => casesOf(name).map((found) => ({ name, found })))
const services = cases.flatMap(({ found }) => found.input.filter(({ kind }) => kinds.includes(kind)))
const runtimes = cases.flatMap(({ found }) => found.input.filter(({ kind }) => kind === 'ServingRuntime'))

function* generated(): Generator<RenderInput> {
  const random = createSeededRandom(20240601)
  for (let made = 0, tried = 0; made < generatedMax && tried < generatedMax * 10; tried += 1) {
    const place = random.pick(cases)
    const first = random.pick(services)
    const second = random.pick(services.filter(({ kind }) => kind === first.kind))
    const service = mixed(first, second, random) as KubeObject
    if (!isObject(service.metadata) || checkObject(service).some(({ severity }) => severity === 'error')) continue
    made += 1
    const { namespace } = place.found
    const metadata = { ...service.metadata, namespace, uid: 'uid', generation: 1 }
    yield inputFor({ ...service, metadata }, place.name, place.found, random.pick(runtimes))
  }
}

const clusters = new Map<string, MemoryCluster>()

function inputFor(service: KubeObject, name: string, found: Case, runtime: KubeObject): RenderInput {
  const profile = profiles.profiles[name]
  assert.ok(profile)
  const cluster = clusters.get(name) ?? startCluster(found, profile, installed)
  clusters.set(name, cluster)
  const neighbours = [...found.input.filter(({ kind }) => !kinds.includes(kind)), runtime].map((object) => ({
    ...object,
    metadata: { ...object.metadata, namespace: found.namespace },
  }))
  return {
    service,
    world: {
      objects: [...cluster.objects, ...neighbours.filter(({ kind }) => kind !== 'Secret')],
      secrets: neighbours.filter(({ kind }) => kind === 'Secret').map(secretFacts),
    },
    children: [],
    config: cluster.config,
    capabilities: cluster.capabilities,
    knative: cluster.knative,
    controllerNamespace,
  }
}

test('never throws, gives equal results for equal input, and valid names, whatever is written', () => {
  let rendered = 0
  for (const input of generated()) {
    const text = JSON.stringify(input.service)
    const result = render(input)
    assert.deepEqual(render(structuredClone(input)), result, text)
    reads(input)
    const observing = { ...input, rendered: result, pods: [], now: '2024-06-01T00:00:00Z' }
    const status = observe(observing)
    assert.deepEqual(observe({ ...observing, service: { ...input.service, status } }), status, text)
    assert.equal(JSON.stringify(input.service), text, 'the input stays what it was')
    if (!result.ok) {
      assert.match(result.problem.message, /^\S.*\S$/s, text)
      continue
    }
    rendered += 1
    checkObjects(result.objects, text)
  }
  assert.ok(rendered > generatedMax / 4, `only ${rendered} were rendered: the generator makes too little that is valid`)
})

function checkObjects(objects: readonly KubeObject[], text: string): void {
  const keys = objects.map(keyOf)
  assert.equal(new Set(keys).size, keys.length, `one object twice: ${text}`)
  for (const { kind, metadata } of objects) {
    assert.match(metadata.name ?? '', /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, text)
    assert.ok((metadata.name ?? '').length <= (kind === 'ConfigMap' ? 253 : 63), text)
    // The API server does not let users write longer ones.
    const made = Object.values(metadata.labels ?? {}).filter((value) => !text.includes(JSON.stringify(value)))
    for (const value of made) assert.ok(value.length <= 63, text)
  }
}
