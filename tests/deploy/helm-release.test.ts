import assert from 'node:assert/strict'
import test, { after, before, describe } from 'node:test'
import { resources as serving } from '@millrace/api'
import { createAuthority, isKubeError, type KubeObject, resources } from '@millrace/kube'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { type Cluster, startCluster } from './cluster.ts'

const crdChart = 'deploy/helm/millrace-crds'
const controllerChart = 'deploy/helm/millrace'
const crdCount = 10

const iris: KubeObject = {
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { namespace: 'default', name: 'iris' },
  spec: { predictor: { model: { modelFormat: { name: 'sklearn' }, storageUri: 's3://models/iris' } } },
}

const graph: KubeObject = {
  apiVersion: 'serving.kserve.io/v1alpha1',
  kind: 'InferenceGraph',
  metadata: { namespace: 'default', name: 'graph' },
  spec: { nodes: { root: { routerType: 'Sequence', steps: [{ serviceName: 'iris' }] } } },
}

/** A CRD of the same name as another release's chart brings it. */
const graphsOfAnother: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: 'inferencegraphs.serving.kserve.io',
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': 'kserve-crd', 'meta.helm.sh/release-namespace': 'kserve' },
  },
  spec: {
    group: 'serving.kserve.io',
    names: {
      kind: 'InferenceGraph',
      listKind: 'InferenceGraphList',
      plural: 'inferencegraphs',
      singular: 'inferencegraph',
    },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

describe('Helm keeps kinds and what people made of them', { skip: kubernetesSkipReason() }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster()
  })
  after(() => cluster?.close())

  const crds = async () => (await cluster.client.list(resources.customResourceDefinitions)).items
  const isInstalled = async () => {
    try {
      await cluster.client.get(resources.deployments, { namespace: 'kserve', name: 'millrace-controller' })
      return true
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return false
      throw error
    }
  }

  test("CRDs that kubectl or KServe's chart installed are taken over, with the objects in them", async () => {
    await cluster.kubectl(['apply', '-k', 'deploy/crds/full/core'])
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
    await cluster.client.apply(resources.customResourceDefinitions, graphsOfAnother, { fieldManager: 'helm' })
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
    const made = await cluster.client.create(serving.inferenceServices, iris)
    const madeGraph = await cluster.client.create(serving.inferenceGraphs, graph)
    const refused = await cluster.attemptHelm(['install', 'millrace-crds', crdChart])
    assert.match(refused.stderr, /invalid ownership metadata/)
    await cluster.helm(['install', 'millrace-crds', crdChart, '--take-ownership'])
    assert.equal((await crds()).length, crdCount)
    const kept = await cluster.client.get(serving.inferenceServices, { namespace: 'default', name: 'iris' })
    assert.equal(kept.metadata.uid, made.metadata.uid)
    const keptGraph = await cluster.client.get(serving.inferenceGraphs, { namespace: 'default', name: 'graph' })
    assert.deepEqual([keptGraph.metadata.uid, keptGraph['spec']], [madeGraph.metadata.uid, graph['spec']])
  })

  test('or by annotations, where Helm is older than --take-ownership', async () => {
    await cluster.helm(['uninstall', 'millrace-crds'])
    const annotations = ['meta.helm.sh/release-name=other', 'meta.helm.sh/release-namespace=default']
    const kinds = ['crd', '-l', 'app.kubernetes.io/part-of=millrace', '--overwrite']
    await cluster.kubectl(['annotate', ...kinds, ...annotations])
    await cluster.kubectl(['label', ...kinds, 'app.kubernetes.io/managed-by=Helm'])
    await cluster.helm(['install', 'other', crdChart])
    await cluster.helm(['uninstall', 'other'])
    await cluster.helm(['install', 'millrace-crds', crdChart, '--take-ownership'])
  })

  test('the controller is installed into a namespace that Helm makes, or into its own', async () => {
    await cluster.helm(['install', 'millrace', controllerChart, '--namespace', 'kserve', '--create-namespace'])
    assert.equal(await isInstalled(), true)
    await cluster.helm(['uninstall', 'millrace', '--namespace', 'kserve'])
    assert.equal(await isInstalled(), false)
    await cluster.helm(['install', 'millrace', controllerChart, '--take-ownership'])
    assert.equal(await isInstalled(), true)
  })

  test('an upgrade changes the variant in place, and does nothing where nothing changes', async () => {
    const before = await crds()
    await cluster.helm(['upgrade', 'millrace-crds', crdChart])
    assert.deepEqual(versionsOf(await crds()), versionsOf(before))
    await cluster.helm(['upgrade', 'millrace-crds', crdChart, '--set', 'crds.variant=minimal'])
    const services = (await crds()).find(({ metadata }) => metadata.name?.startsWith('inferenceservices'))
    const small = JSON.stringify(services?.['spec'])
    assert.ok(small.length < 40_000, `${small.length}`)
    await cluster.client.get(serving.inferenceServices, { namespace: 'default', name: 'iris' })
    // A group that is no longer wanted leaves its kinds where they are.
    await cluster.helm(['upgrade', 'millrace-crds', crdChart, '--set', 'crds.groups.graph=false'])
    assert.equal((await crds()).length, crdCount)
  })

  test('a release with the largest CRDs fits into the Secret that Helm keeps it in, with room to spare', async () => {
    await cluster.helm(['upgrade', 'millrace-crds', crdChart, '--set', 'crds.preview=true'])
    const secrets = await cluster.client.list(resources.secrets, { labelSelector: 'owner=helm,name=millrace-crds' })
    const largest = Math.max(...secrets.items.map((secret) => JSON.stringify(secret['data']).length))
    assert.ok(largest > 100_000 && largest < 850_000, `${largest} bytes of base64; a Secret holds 1 MiB`)
    await cluster.helm(['upgrade', 'millrace-crds', crdChart])
  })

  test('an upgrade of the controller does nothing where nothing changes, and keeps what was filled in since', async () => {
    const name = { name: 'millrace.serving.kserve.io' }
    const registration = await cluster.client.get(resources.validatingWebhookConfigurations, name)
    const webhooks = registration['webhooks'] as readonly { readonly clientConfig: object }[]
    const authority = createAuthority({ commonName: 'test', now: Date.now(), validForMs: 3_600_000 })
    const caBundle = Buffer.from(authority.certificate).toString('base64')
    const filled = webhooks.map((one) => ({ ...one, clientConfig: { ...one.clientConfig, caBundle } }))
    const written = await cluster.client.patch(resources.validatingWebhookConfigurations, name, 'merge', {
      webhooks: filled,
    })
    await cluster.helm(['upgrade', 'millrace', controllerChart, '--set', 'replicas=2'])
    const after = await cluster.client.get(resources.validatingWebhookConfigurations, name)
    assert.equal(after.metadata.resourceVersion, written.metadata.resourceVersion)
  })

  test('uninstalling both keeps every kind, every object, and the namespace', async () => {
    const before = await cluster.client.get(serving.inferenceServices, { namespace: 'default', name: 'iris' })
    await cluster.helm(['uninstall', 'millrace'])
    await cluster.helm(['uninstall', 'millrace-crds'])
    assert.equal(await isInstalled(), false)
    const kept = await crds()
    assert.equal(kept.length, crdCount)
    assert.deepEqual(
      kept.filter(({ metadata }) => metadata.deletionTimestamp !== undefined),
      [],
    )
    assert.deepEqual(
      await cluster.client.get(serving.inferenceServices, { namespace: 'default', name: 'iris' }),
      before,
    )
    const namespace = await cluster.client.get(resources.namespaces, { name: 'kserve' })
    assert.equal(namespace.metadata.deletionTimestamp, undefined)
    const registrations = await cluster.client.list(resources.validatingWebhookConfigurations)
    assert.deepEqual(registrations.items, [])
  })

  test('and installing again under the same names finds everything', async () => {
    await cluster.helm(['install', 'millrace-crds', crdChart])
    await cluster.helm(['install', 'millrace', controllerChart])
    assert.equal((await cluster.client.list(serving.inferenceServices)).items.length, 1)
  })
})

function versionsOf(objects: readonly KubeObject[]) {
  return objects.map(({ metadata }) => [metadata.name, metadata.resourceVersion])
}
