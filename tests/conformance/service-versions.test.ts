import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type CrdVariant,
  compileCrd,
  crds,
  inferenceServiceKind,
  isPreview,
  kinds,
  resources as serving,
} from '@millrace/api'
import { type Controller, startController } from '@millrace/controller'
import { isKubeError, type KubeObject, type Resource, resources } from '@millrace/kube'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { install, type OwnServer, startEmbeddedServer, startRealServer, until } from './own-kinds.ts'

/** Nothing listens there: what has to be converted is refused, and never taken for converted. */
const nobody = { url: 'https://127.0.0.1:1/convert' }
const v1beta1 = serving.inferenceServices
const v1: Resource = { ...v1beta1, version: 'v1' }
const variants: readonly CrdVariant[] = ['full', 'minimal']

function service(name: string, predictor: object): KubeObject {
  const metadata = { namespace: 'default', name }
  return { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', metadata, spec: { predictor } }
}

const iris = service('iris', {
  sklearn: { storageUri: 'pvc://models/iris', env: [{ name: 'A', value: '1' }] },
  minReplicas: 2,
  timeout: 30,
  nodeSelector: { disk: 'ssd' },
  labels: { team: 'a' },
})

const irisV1 = {
  model: { framework: 'sklearn', storageUri: 'pvc://models/iris', env: [{ name: 'A', value: '1' }] },
  scaling: { minReplicas: 2 },
  timeoutSeconds: 30,
  template: { metadata: { labels: { team: 'a' } }, spec: { nodeSelector: { disk: 'ssd' } } },
}

const servers = [
  { title: 'the embedded API server', start: startEmbeddedServer, skip: false as const },
  { title: 'kube-apiserver', start: startRealServer, skip: kubernetesSkipReason() },
]

for (const { title, start, skip } of servers) {
  describe(`InferenceService v1beta1 and v1 on ${title}`, { skip }, () => {
    let server: OwnServer
    let controller: Controller
    const startConverting = async () => {
      controller = await startController({
        client: server.client,
        webhook: { mode: 'url', host: '127.0.0.1', port: 0 },
      })
      await controller.ready
    }
    before(async () => {
      server = await start()
    })
    after(async () => {
      await controller?.close()
      await server?.close()
    })
    const predictorOf = async (resource: Resource, name: string) => {
      const { spec } = await server.client.get(resource, { namespace: 'default', name })
      return Object(spec).predictor as Record<string, unknown>
    }

    test('every CRD is taken in every variant, rules and all, one in place of the other', async () => {
      for (const variant of variants) for (const crd of crds(variant)) await install(server.client, crd)
      for (const variant of variants) {
        await install(server.client, compileCrd(inferenceServiceKind, variant, { preview: { conversion: nobody } }).crd)
      }
      for (const kind of kinds.filter(({ kind }) => kind !== 'InferenceService'))
        await install(server.client, compileCrd(kind, 'full').crd)
      await install(server.client, compileCrd(inferenceServiceKind, 'full', { preview: { conversion: nobody } }).crd)
      assert.ok(isPreview({ apiVersion: 'serving.kserve.io/v1', kind: 'InferenceService' }))
    })

    test('before anybody converts, the stored version works and the other is refused', async () => {
      await server.client.create(v1beta1, service('early', { model: { storageUri: 'pvc://a/b' } }))
      await assert.rejects(server.client.get(v1, { namespace: 'default', name: 'early' }), (error) => {
        assert.ok(isKubeError(error))
        assert.match(error.message, /conversion webhook for serving\.kserve\.io\/v1beta1, Kind=InferenceService failed/)
        return true
      })
    })

    test('the controller tells the API server where to convert, in the field that is about it and no other', async () => {
      await startConverting()
      const crd = await server.client.get(resources.customResourceDefinitions, {
        name: 'inferenceservices.serving.kserve.io',
      })
      const entry = crd.metadata.managedFields?.find(({ manager }) => manager === 'millrace')
      assert.equal(entry?.operation, 'Apply')
      assert.deepEqual(Object.keys(entry?.fieldsV1 ?? {}), ['f:spec'])
      assert.deepEqual(Object.keys(Object(entry?.fieldsV1)['f:spec']), ['f:conversion'])
    })

    test('what was written in one is read in the other, and back', async () => {
      await server.client.create(v1beta1, iris)
      await until(async () => (await predictorOf(v1, 'iris'))['model'] !== undefined)
      assert.deepEqual(await predictorOf(v1, 'iris'), irisV1)
      const other = { ...iris, apiVersion: 'serving.kserve.io/v1', metadata: { namespace: 'default', name: 'other' } }
      await server.client.create(v1, { ...other, spec: { predictor: irisV1 } })
      assert.deepEqual(await predictorOf(v1beta1, 'other'), Object(iris.spec).predictor)
      assert.deepEqual(await predictorOf(v1, 'other'), irisV1)
    })

    test('lists and watches come in the version that is asked for', async () => {
      const names = (items: readonly KubeObject[]) =>
        items.map(({ apiVersion, metadata }) => `${apiVersion} ${metadata.name}`)
      const { items } = await server.client.list(v1, { namespace: 'default' })
      assert.deepEqual(
        names(items).sort(),
        ['early', 'iris', 'other'].map((name) => `serving.kserve.io/v1 ${name}`),
      )
      const signal = AbortSignal.timeout(20_000)
      const seen: KubeObject[] = []
      for await (const event of server.client.watch(v1, { namespace: 'default', resourceVersion: '0', signal })) {
        if (event.type === 'ADDED') seen.push(event.object)
        if (seen.length === 3) break
      }
      assert.deepEqual(names(seen).sort(), names(items).sort())
    })

    test('two appliers, each with a version of its own, keep their fields', async () => {
      const base = { kind: 'InferenceService', metadata: { namespace: 'default', name: 'shared' } }
      await server.client.apply(
        v1beta1,
        {
          ...base,
          apiVersion: 'serving.kserve.io/v1beta1',
          spec: { predictor: { model: { storageUri: 'pvc://a/b' } } },
        },
        { fieldManager: 'one' },
      )
      const wish = (scaling: object) =>
        server.client.apply(
          v1,
          { ...base, apiVersion: 'serving.kserve.io/v1', spec: { predictor: scaling } },
          { fieldManager: 'two' },
        )
      await wish({ scaling: { minReplicas: 3, maxReplicas: 4 } })
      const stored = { model: { storageUri: 'pvc://a/b' }, minReplicas: 3, maxReplicas: 4 }
      assert.deepEqual(await predictorOf(v1beta1, 'shared'), stored)
      await wish({})
      assert.deepEqual(await predictorOf(v1, 'shared'), { model: { storageUri: 'pvc://a/b' } })
    })

    test('each version is checked as it is written: schema, rules, and what admission says in its own words', async () => {
      const refused = async (predictor: object, said: RegExp) => {
        const object = { ...service('bad', predictor), apiVersion: 'serving.kserve.io/v1' }
        await assert.rejects(server.client.create(v1, object), (error) => {
          assert.ok(isKubeError(error))
          assert.equal(error.httpStatus, 422)
          assert.match(error.message, said)
          return true
        })
      }
      const model = { storageUri: 'pvc://a/b' }
      await refused({ model, scaling: {} }, /spec\.predictor\.scaling: Invalid value/)
      await refused(
        { model, scaling: { minReplicas: 2, maxReplicas: 1 } },
        /spec\.predictor\.scaling\.minReplicas: Invalid/,
      )
      await refused({ scaling: { minReplicas: 1 } }, /must have one model server: set "model" with format/)
      await refused(
        { model: { framework: 'onnx', runtime: 'r' } },
        /model\.framework: Invalid.*remove format and runtime/,
      )
      await refused(
        {
          model,
          template: { metadata: { annotations: { 'autoscaling.knative.dev/min-scale': '1' } } },
          storageUris: [{ uri: 's3://a' }],
        },
        /spec\.predictor\.storageUris: cannot stand beside storageUri/,
      )
    })

    test('the status is the same in both, and written in the stored one', async () => {
      await until(async () => {
        const live = await server.client.get(v1, { namespace: 'default', name: 'iris' })
        return Object(live.status).observedGeneration !== undefined
      })
      const [one, other] = await Promise.all(
        [v1beta1, v1].map((resource) => server.client.get(resource, { namespace: 'default', name: 'iris' })),
      )
      assert.deepEqual(one?.status, other?.status)
    })

    test('while nobody converts, v1 is refused; a controller that comes back heals it', async () => {
      await controller.close()
      await assert.rejects(server.client.get(v1, { namespace: 'default', name: 'iris' }))
      assert.ok(await predictorOf(v1beta1, 'iris'))
      await startConverting()
      await until(async () => (await predictorOf(v1, 'iris'))['model'] !== undefined)
    })

    test('the preview can be taken away again with every object in place', async () => {
      await install(server.client, compileCrd(inferenceServiceKind, 'full').crd)
      await until(async () => {
        const left = await server.client.list(v1, { namespace: 'default' }).catch((error: unknown) => error)
        return isKubeError(left, 'NotFound')
      })
      assert.equal((await server.client.list(v1beta1, { namespace: 'default' })).items.length, 4)
    })
  })
}
