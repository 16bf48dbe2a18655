import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  checkObject,
  compileCrd,
  convertObject,
  inferenceServiceKind,
  kinds,
  resources as serving,
} from '@millrace/api'
import { type Controller, startController } from '@millrace/controller'
import { type Client, isKubeError, type KubeObject, type Resource } from '@millrace/kube'
import { createSeededRandom, type SeededRandom } from '@millrace/testkit'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { install, type OwnServer, startEmbeddedServer, startRealServer, until } from './own-kinds.ts'

const objectsMax = 400

/** Rules that stand in CRDs. */
const celRules: ReadonlySet<string> = new Set([
  'canary-traffic',
  'concurrency',
  'confidential',
  'explainer-form',
  'graph-root',
  'immutable',
  'logger-mode',
  'logger-storage',
  'max-replicas',
  'min-over-max',
  'min-replicas',
  'model-framework',
  'name',
  'parallel-size',
  'predictor-form',
  'runtime-containers',
  'storage-scheme',
  'timeout',
  'transformer-form',
])

/** What the CRD leaves open: older forms and canaries. The validator looks into them all the same. */
const open = /^spec\.(canary|canaries)\[\d+\]\.predictor|^spec\.predictor\.(sklearn|onnx)\./

function expected(object: KubeObject, old?: KubeObject): readonly string[] {
  return checkObject(object, { old })
    .filter(({ severity, rule, path }) => severity === 'error' && celRules.has(rule) && !open.test(path))
    .map(({ path }) => path)
}

/** One of the choices; undefined leaves the field out. */
type Choices = Readonly<Record<string, readonly unknown[]>>

function chosen(choices: Choices, random: SeededRandom): Record<string, unknown> {
  const entries = Object.entries(choices).map(([name, values]) => [name, values[random.below(values.length)]] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

const no = undefined
const scaling: Choices = { minReplicas: [no, no, 0, 1, 3, -1], maxReplicas: [no, no, 0, 2, 5, -2] }
const numbers: Choices = {
  canaryTrafficPercent: [no, no, 0, 100, 101, -1],
  containerConcurrency: [no, no, 0, -3],
  timeout: [no, no, 60, -60],
}
const logging: Choices = {
  logger: [
    no,
    no,
    { mode: 'all' },
    { url: 'http://a' },
    { mode: 'all', storage: { path: 'p' } },
    { mode: 'all', storage: { path: 'p', key: 'k', parameters: {} } },
  ],
}
const container = (name: string) => ({ name, image: 'i' })
const containers: readonly unknown[] = [no, no, [], [container('kserve-container')], [container('a'), container('b')]]
const confidential = (enabled: boolean, storageUri?: string) => ({
  confidential: { enabled },
  ...(storageUri === undefined ? {} : { storageUri }),
})
const servers: readonly unknown[] = [
  no,
  {},
  { storageUri: 's3://a' },
  confidential(true),
  confidential(true, ''),
  confidential(true, 's3://a'),
  confidential(false),
]

function inferenceService(random: SeededRandom): KubeObject {
  const component = () => ({ ...chosen({ ...scaling, ...numbers, ...logging }, random) })
  const predictor = {
    ...component(),
    ...chosen(
      {
        model: servers,
        sklearn: [no, no, no, {}, confidential(true)],
        onnx: [no, no, no, {}],
        containers,
        workerSpec: [no, no, { pipelineParallelSize: 0 }, { tensorParallelSize: 2, pipelineParallelSize: 1 }],
      },
      random,
    ),
  }
  const transformer = { ...component(), ...chosen({ containers }, random) }
  const explainer = { ...component(), ...chosen({ containers, art: [no, {}] }, random) }
  const share = (trafficPercent: number) => ({ trafficPercent, predictor: { name: 'c', model: {} } })
  const spec = {
    predictor,
    ...chosen(
      {
        transformer: [no, transformer],
        explainer: [no, explainer],
        canary: [no, no, [share(50), share(60)], [share(100)]],
      },
      random,
    ),
  }
  return objectOf(serving.inferenceServices, random, spec)
}

function inferenceGraph(random: SeededRandom): KubeObject {
  const nodes = random.pick([{}, { root: { routerType: 'Sequence' } }, { other: { routerType: 'Switch' } }])
  return objectOf(serving.inferenceGraphs, random, { nodes, ...chosen({ ...scaling, timeout: [no, -1, 5] }, random) })
}

function servingRuntime(random: SeededRandom): KubeObject {
  const fields = chosen({ disabled: [no, true, false], workerSpec: [no, { containers: [] }] }, random)
  const one = [{ name: 'kserve-container', image: 'i' }]
  return objectOf(serving.servingRuntimes, random, { ...fields, containers: random.pick([[], one]) })
}

function trainedModel(random: SeededRandom): KubeObject {
  const storageUri = random.pick(['s3://a', 'ftp://a', 'https://a', 'pvc://a'])
  const memory = random.pick(['1Gi', '1024Mi', 1, '2Gi'])
  return objectOf(serving.trainedModels, random, {
    inferenceService: 'i',
    model: { framework: 'f', memory, storageUri },
  })
}

function localModelCache(random: SeededRandom): KubeObject {
  const sourceModelUri = random.pick(['s3://a', 's3://b'])
  return objectOf(serving.localModelNamespaceCaches, random, { sourceModelUri, modelSize: '1Gi', nodeGroups: ['g'] })
}

function objectOf(resource: Resource, random: SeededRandom, spec: object): KubeObject {
  const name = random.pick(['iris', 'iris', 'iris', '1iris', 'iris.a'])
  const metadata = { namespace: 'default', name }
  return { apiVersion: `${resource.group}/${resource.version}`, kind: resource.kind, metadata, spec }
}

const makers: readonly (readonly [Resource, (random: SeededRandom) => KubeObject])[] = [
  [serving.inferenceServices, inferenceService],
  [serving.inferenceGraphs, inferenceGraph],
  [serving.servingRuntimes, servingRuntime],
  [serving.trainedModels, trainedModel],
  [serving.localModelNamespaceCaches, localModelCache],
]

const tested = [
  { title: 'the embedded API server', start: startEmbeddedServer, skip: false as const },
  { title: 'kube-apiserver', start: startRealServer, skip: kubernetesSkipReason() },
]

for (const { title, start, skip } of tested) {
  describe(`the rules in our CRDs, on ${title}`, { skip }, () => {
    let server: OwnServer
    let controller: Controller
    before(async () => {
      server = await start()
      const preview = { conversion: { url: 'https://127.0.0.1:1/convert' } }
      for (const kind of kinds) await install(server.client, compileCrd(kind, 'full', { preview }).crd)
      controller = await startController({
        client: server.client,
        webhook: { mode: 'url', host: '127.0.0.1', port: 0 },
      })
      await controller.ready
      const v1 = { ...serving.inferenceServices, version: 'v1' }
      const object = { ...objectNamed('probe'), spec: { predictor: { model: {} } } }
      await until(async () => Boolean(await server.client.create(v1, object, { dryRun: true })))
    })
    after(async () => {
      await controller?.close()
      await server?.close()
    })

    /** Places that the schema's rules refuse; what our webhook says later is another matter. */
    const refusedBy = async (call: Promise<unknown>): Promise<readonly string[]> => {
      try {
        await call
        return []
      } catch (error) {
        if (!isKubeError(error) || error.httpStatus !== 422) throw error
        if (/admission webhook/.test(error.message)) return []
        return (error.status?.details?.causes ?? []).map(({ field = '' }) => field)
      }
    }
    /** The controller may write a status in between. */
    const changeTo = async (resource: Resource, wanted: KubeObject): Promise<unknown> => {
      const { namespace = '', name = '' } = wanted.metadata
      for (;;) {
        const { metadata } = await server.client.get(resource, { namespace, name })
        try {
          return await server.client.replace(resource, { ...wanted, metadata }, { dryRun: true })
        } catch (error) {
          if (!isKubeError(error, 'Conflict')) throw error
        }
      }
    }
    /** Each side's places must lie in one of the other's: a rule about the root, or about a map, names no field. */
    const assertSame = (object: KubeObject, ours: readonly string[], theirs: readonly string[]) => {
      const root = (place: string) => (place === '<nil>' ? '' : place)
      const text = `${JSON.stringify(object)}\n  ours   ${ours.join(', ')}\n  theirs ${theirs.join(', ')}`
      for (const place of theirs)
        assert.ok(
          ours.some((path) => path.startsWith(root(place))),
          `only refused there: ${text}`,
        )
      for (const path of ours)
        assert.ok(
          theirs.some((place) => path.startsWith(root(place))),
          `only refused here: ${text}`,
        )
    }

    test('refuse what the validator refuses by the same rules, and nothing else', async () => {
      const random = createSeededRandom(4711)
      let right = 0
      const broken = new Set<string>()
      for (const [resource, make] of makers) {
        const count = resource === serving.inferenceServices ? objectsMax : objectsMax / 8
        for (let index = 0; index < count; index++) {
          const object = make(random)
          const ours = expected(object)
          for (const { rule } of checkObject(object)) broken.add(rule)
          if (ours.length === 0) right += 1
          const call = server.client.create(resource, object, { dryRun: true })
          assertSame(object, ours, await refusedBy(call))
        }
      }
      assert.ok(right > objectsMax / 20, `only ${right} were right`)
      const untried = [...celRules].filter(
        (rule) => !broken.has(rule) && rule !== 'immutable' && rule !== 'model-framework',
      )
      assert.deepEqual(untried, [])
    })

    test('of v1 do the same for objects in its shape', async () => {
      const random = createSeededRandom(1147)
      const v1 = { ...serving.inferenceServices, version: 'v1' }
      for (let index = 0; index < objectsMax; index++) {
        const converted = convertObject(inferenceService(random), 'serving.kserve.io/v1')
        assert.ok(converted.ok)
        const object = converted.object as KubeObject
        // The older forms beside `model` are fields that v1 does not know.
        if (checkObject(object).some(({ rule }) => rule === 'unknown-field')) continue
        const call = server.client.create(v1, object, { dryRun: true })
        assertSame(object, expected(object), await refusedBy(call))
      }
      const both = { ...objectNamed('both'), spec: { predictor: { model: { framework: 'onnx', runtime: 'r' } } } }
      assertSame(both, expected(both), await refusedBy(server.client.create(v1, both, { dryRun: true })))
      assert.equal(inferenceServiceKind.versions.length, 2)
    })

    test('refuse the changes that the validator refuses', async () => {
      const random = createSeededRandom(77)
      for (const [resource, make] of makers.slice(2)) {
        let tried = 0
        while (tried < 12) {
          const before = { ...make(random), metadata: { namespace: 'default', name: `o${tried}` } }
          const after = { ...make(random), metadata: before.metadata }
          if (checkObject(before).some(({ severity }) => severity === 'error')) continue
          tried += 1
          await createOnceKnown(server.client, resource, before)
          assertSame(after, expected(after, before), await refusedBy(changeTo(resource, after)))
          await server.client.delete(resource, { namespace: 'default', name: `o${tried - 1}` })
        }
      }
    })
  })
}

/** The controller's copy may hold the object before this one for a moment longer, and two may not cache the same model. */
async function createOnceKnown(client: Client, resource: Resource, object: KubeObject): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.create(resource, object)
      return
    } catch (error) {
      if (attempt === 40 || !String(error).includes('is cached by')) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function objectNamed(name: string): KubeObject {
  return { apiVersion: 'serving.kserve.io/v1', kind: 'InferenceService', metadata: { namespace: 'default', name } }
}
