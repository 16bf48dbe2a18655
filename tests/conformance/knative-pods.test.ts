import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { compileCrd, kinds, resources as serving } from '@millrace/api'
import { type Controller, startController } from '@millrace/controller'
import { isKubeError, type KubeObject, resources } from '@millrace/kube'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { install, type OwnServer, startEmbeddedServer, startRealServer, until } from './own-kinds.ts'

const skip = kubernetesSkipReason()
const servers = [
  { name: 'the embedded API server', start: startEmbeddedServer, skip: undefined },
  { name: 'kube-apiserver', start: startRealServer, skip },
]

const annotations = 'internal.serving.kserve.io/storage-initializer-sourceuri'

/** As Knative makes it of a revision of ours. */
function podOf(
  name: string,
  more: { readonly annotations?: object; readonly labels?: object; readonly server?: string },
) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: 'default',
      name,
      labels: {
        'serving.kserve.io/inferenceservice': 'iris',
        component: 'predictor',
        'serving.knative.dev/revision': 'iris-predictor-00001',
        ...more.labels,
      },
      annotations: { [annotations]: 's3://bucket/model', ...more.annotations },
    },
    spec: {
      serviceAccountName: 'models',
      containers: [
        { name: more.server ?? 'kserve-container', image: 'server:1' },
        { name: 'queue-proxy', image: 'queue:1', env: [{ name: 'USER_PORT', value: '8080' }] },
      ],
    },
  } as unknown as KubeObject
}

interface PodSpec {
  readonly initContainers?: readonly {
    readonly name: string
    readonly args: readonly string[]
    readonly env: object[]
  }[]
  readonly containers: readonly { readonly name: string; readonly volumeMounts?: readonly object[] }[]
}

for (const { name, start, skip: reason } of servers) {
  describe(`pods of Knative mode on ${name}`, { skip: reason }, () => {
    let server: OwnServer
    let controller: Controller

    before(async () => {
      server = await start()
      for (const source of kinds.filter(({ installGroup }) => installGroup === 'core'))
        await install(server.client, compileCrd(source, 'minimal').crd)
      const { client } = server
      await client.create(resources.secrets, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { namespace: 'default', name: 's3', annotations: { 'serving.kserve.io/s3-endpoint': 'minio:9000' } },
        stringData: { awsAccessKeyID: 'id', awsSecretAccessKey: 'hush' },
      })
      await client.create(resources.serviceAccounts, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { namespace: 'default', name: 'models' },
        secrets: [{ name: 's3' }],
      })
      controller = await startController({ client, webhook: { mode: 'url', host: '127.0.0.1', port: 0 } })
      await controller.ready
      await client.create(serving.inferenceServices, {
        apiVersion: 'serving.kserve.io/v1beta1',
        kind: 'InferenceService',
        metadata: { namespace: 'default', name: 'iris' },
        spec: {
          predictor: {
            logger: { mode: 'all', url: 'http://sink', batchSize: 7 },
            model: { modelFormat: { name: 'sklearn' }, storageUri: 's3://bucket/model' },
          },
        },
      })
    })
    after(async () => {
      await controller?.close()
      await server?.close()
    })

    const create = async (pod: KubeObject) => {
      // The API server hears of a registration a moment after it is written.
      let created: KubeObject | undefined
      await until(async () => {
        created = await server.client.create(resources.pods, pod, { dryRun: true })
        return true
      })
      return Object(created?.['spec']) as PodSpec
    }

    test('get what they need to have their model, and no secret is copied', async () => {
      await until(async () => ((await create(podOf('a', {}))).initContainers?.length ?? 0) > 0)
      const spec = await create(podOf('a', {}))
      assert.deepEqual(spec.initContainers?.[0]?.args, ['s3://bucket/model', '/mnt/models'])
      const text = JSON.stringify(spec)
      assert.match(text, /"secretKeyRef":\{[^}]*"name":"s3"/)
      assert.doesNotMatch(text, /hush/)
      const server = spec.containers.find((container) => container.name === 'kserve-container')
      assert.ok(server?.volumeMounts?.some((mount) => Reflect.get(mount, 'mountPath') === '/mnt/models'))
    })

    test("get the agent with the service's own words about logging, and Knative's proxy leads to it", async () => {
      const logging = {
        'internal.serving.kserve.io/logger': 'true',
        'internal.serving.kserve.io/logger-sink-url': 'http://sink',
        'internal.serving.kserve.io/logger-mode': 'all',
      }
      const spec = await create(podOf('b', { annotations: logging }))
      const agent = spec.containers.find((container) => container.name === 'agent')
      assert.match(JSON.stringify(agent), /"--log-batch-size","7"/)
      assert.match(JSON.stringify(spec.containers), /\{"name":"USER_PORT","value":"9081"\}/)
    })

    test('are refused with the reason where they cannot be finished', async () => {
      const refused = server.client.create(resources.pods, podOf('c', { server: 'other' }), { dryRun: true })
      await assert.rejects(refused, (error) => {
        assert.ok(isKubeError(error))
        assert.match(error.message, /no container "kserve-container" to give the model to/)
        return true
      })
    })

    test('of others are left alone', async () => {
      const { labels: _, ...metadata } = podOf('d', {}).metadata
      const plain = await create({ ...podOf('d', {}), metadata })
      assert.equal(plain.initContainers, undefined)
      const standard = podOf('e', {})
      delete standard.metadata.labels?.['serving.knative.dev/revision']
      assert.equal((await create(standard)).initContainers, undefined)
    })

    test('do not wait for a controller that has gone', async () => {
      await controller.close()
      await until(async () => (await create(podOf('f', {}))).initContainers === undefined)
    })
  })
}
