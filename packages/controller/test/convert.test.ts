import assert from 'node:assert/strict'
import { request as send } from 'node:https'
import test, { type TestContext } from 'node:test'
import { type KubeObject, resources } from '@millrace/kube'
import { startController } from '../src/index.ts'
import { createServingCluster } from './memory-cluster.ts'
import { service } from './run-controller.ts'

interface Answer {
  readonly status: number
  readonly body: {
    readonly message?: string
    readonly response?: {
      readonly uid: string
      readonly convertedObjects?: readonly { readonly apiVersion: string; readonly spec: unknown }[]
      readonly result: { readonly status: string; readonly message?: string }
    }
  }
}

/** Asks as the API server does: where the CRD says, trusting whom it says. */
async function converter(t: TestContext) {
  const cluster = createServingCluster()
  const crd = { metadata: { name: 'inferenceservices.serving.kserve.io' }, spec: { versions: [{}, {}] } }
  cluster.put(resources.customResourceDefinitions, crd)
  const controller = await startController({
    client: cluster.client,
    webhook: { mode: 'url', host: '127.0.0.1', port: 0 },
  })
  t.after(() => controller.close())
  await controller.ready
  const [told] = cluster.all(resources.customResourceDefinitions)
  const { conversion } = Object(told?.['spec'])
  assert.equal(conversion.strategy, 'Webhook')
  const { url, caBundle } = conversion.webhook.clientConfig as { readonly url: string; readonly caBundle: string }
  const ca = Buffer.from(caBundle, 'base64').toString()
  const post = (text: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const outgoing = send(url, { method: 'POST', ca, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(String(Buffer.concat(chunks))) }),
        )
      })
      outgoing.on('error', reject)
      outgoing.end(text)
    })
  const ask = (objects: unknown, desiredAPIVersion: unknown = 'serving.kserve.io/v1') => {
    const request = { uid: 'u', desiredAPIVersion, objects }
    return post(JSON.stringify({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', request }))
  }
  return { post, ask }
}

const iris: KubeObject = service('iris', { minReplicas: 2 })

test('a whole list is converted in one go, in its order', async (t) => {
  const { ask } = await converter(t)
  const objects = Array.from({ length: 5000 }, (_, n) => ({
    ...iris,
    metadata: { namespace: 'default', name: `s${n}` },
  }))
  const startedAt = performance.now()
  const { body } = await ask(objects)
  const tookMs = performance.now() - startedAt
  assert.equal(body.response?.result.status, 'Success')
  const converted = body.response?.convertedObjects ?? []
  assert.equal(converted.length, objects.length)
  assert.deepEqual(converted.at(-1), {
    ...objects.at(-1),
    apiVersion: 'serving.kserve.io/v1',
    spec: {
      predictor: {
        model: { format: { name: 'sklearn' }, storageUri: 'https://models.example/iris.joblib' },
        scaling: { minReplicas: 2 },
      },
    },
  })
  assert.ok(tookMs < 5_000, `5000 objects took ${Math.round(tookMs)} ms`)
  const back = await ask(converted, 'serving.kserve.io/v1beta1')
  assert.deepEqual(back.body.response?.convertedObjects, objects)
})

test('what cannot be converted fails with the name of the object and the reason, and nothing else fails', async (t) => {
  const { ask } = await converter(t)
  const message = async (objects: unknown, version?: unknown) => {
    const { status, body } = await ask(objects, version)
    assert.equal(status, 200)
    assert.deepEqual([body.response?.uid, body.response?.result.status], ['u', 'Failed'])
    assert.equal(body.response?.convertedObjects, undefined)
    return body.response?.result.message ?? ''
  }
  assert.match(
    await message([iris], 'serving.kserve.io/v9'),
    /^InferenceService default\/iris cannot be converted from .* to serving\.kserve\.io\/v9/,
  )
  assert.match(await message([iris, null]), /not an object/)
  assert.match(await message([iris, { ...iris, kind: 'Pod' }]), /Pod is not a kind of serving\.kserve\.io/)
  assert.match(await message([{ ...iris, apiVersion: 7 }]), /no kind or no apiVersion/)
  const odd = { ...iris, spec: { predictor: ['nonsense'], canary: 3 } }
  assert.equal((await ask([odd])).body.response?.result.status, 'Success')
})

test('what is no review is refused, and the next one is answered', async (t) => {
  const { post, ask } = await converter(t)
  for (const text of ['', '[]', '{}', 'null', '{"kind":"ConversionReview"', '{"kind":"ConversionReview"}']) {
    const { status, body } = await post(text)
    assert.equal(status, 400, text)
    assert.match(body.message ?? '', /not JSON|no ConversionReview/)
  }
  assert.equal((await ask('nonsense')).status, 400)
  assert.equal((await ask([], 7)).status, 400)
  assert.equal((await ask([iris])).body.response?.result.status, 'Success')
})
