import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { resources as serving } from '@millrace/api'
import { type KubeObject, type Resource, resources, silentLog } from '@millrace/kube'
import { childKinds } from '@millrace/render'
import { definitionOf } from '@millrace/testkit'
import { readCluster } from '../src/cluster/read-cluster.ts'
import { explain } from '../src/explain/explanation.ts'
import { bootstrap } from '../src/platform/bootstrap.ts'
import { previewUpgrade } from '../src/upgrade/preview.ts'
import { embeddedServer } from './embedded-server.ts'

const modeKey = 'serving.kserve.io/deploymentMode'
const knative: Resource | undefined = childKinds.find(({ needs }) => needs === 'knative')

const service = {
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { namespace: 'default', name: 'iris', annotations: { [modeKey]: 'Knative' } },
  spec: { predictor: { model: { modelFormat: { name: 'sklearn' }, storageUri: 'gs://bucket/iris' } } },
} as KubeObject

const autoscalerIn = (namespace: string, initialScale: number, labels: Record<string, string>) =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name: 'config-autoscaler', labels },
    data: { 'initial-scale': String(initialScale) },
  }) as KubeObject

/** A cluster with Knative in a namespace of its own name, and somebody else's ConfigMap that is called like Knative's. */
async function fixture(t: TestContext) {
  const { client } = await embeddedServer(t)
  await bootstrap(client, { log: silentLog, signal: t.signal })
  assert.ok(knative)
  await client.create(resources.customResourceDefinitions, definitionOf(knative))
  for (const name of ['another', 'my-knative'])
    await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  await client.create(resources.configMaps, autoscalerIn('another', 9, {}))
  const label = { 'app.kubernetes.io/name': 'knative-serving' }
  await client.create(resources.configMaps, autoscalerIn('my-knative', 4, label))
  return { client, stored: await client.create(serving.inferenceServices, service) }
}

test("explain and the previews find Knative's settings where the controller finds them", async (t) => {
  const { client, stored } = await fixture(t)
  const { decisions } = await explain(client, stored)
  const settings = decisions.find(({ reason }) => reason === 'AutoscalerSettings')
  assert.match(settings?.message ?? '', /ConfigMap my-knative\/config-autoscaler/)
  const { objects, capabilities } = await readCluster(client)
  assert.ok(capabilities.knative)
  const found = objects.filter(({ metadata }) => metadata.name === 'config-autoscaler')
  assert.deepEqual(
    found.map(({ metadata }) => metadata.namespace),
    ['my-knative'],
  )
})

test('an upgrade is told from the definitions, the services, what was made for them and their pods', async (t) => {
  const { client, stored } = await fixture(t)
  const { name = '', uid = '' } = stored.metadata
  const labels = { 'serving.kserve.io/inferenceservice': name, app: 'x' }
  const owner = { apiVersion: stored.apiVersion, kind: stored.kind, name, uid, controller: true }
  const metadata = { namespace: 'default', name: 'iris-predictor', labels, ownerReferences: [owner] }
  assert.ok(knative)
  await client.create(knative, {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata,
    spec: { template: { spec: { containers: [{ name: 'kserve-container', image: 'older' }] } } },
  } as KubeObject)
  await client.create(resources.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: 'default',
      name: 'iris-1',
      labels: { ...labels, 'serving.knative.dev/service': 'iris-predictor' },
    },
    spec: { containers: [{ name: 'kserve-container', image: 'older' }] },
  } as KubeObject)
  const { objects, capabilities } = await readCluster(client, ['definitions', 'pods'])
  const preview = previewUpgrade(objects, capabilities)
  assert.ok(preview.definitions.some(({ name: definition }) => definition === 'inferenceservices.serving.kserve.io'))
  const [told] = preview.services
  assert.equal(told?.outcome, 'rolls')
  assert.match(told.why, /fields of its pods would change$/, 'the pod is among what was read')
})
