import assert from 'node:assert/strict'
import test, { after, before, describe } from 'node:test'
import { annotationBytesMax } from '@millrace/api'
import { resources } from '@millrace/kube'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { type Cluster, startCluster } from './cluster.ts'

const plain = 'deploy/install.yaml'
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

describe('kubectl applies what is shipped', { skip: kubernetesSkipReason() }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster()
  })
  after(() => cluster?.close())

  /** As docs/install.md says: the first run makes the kinds, the second what is made of them. */
  const install = async (): Promise<string> => {
    const { code, stderr } = await cluster.attemptKubectl(['apply', '-f', plain])
    assert.notEqual(code, 0)
    const others = stderr.split('\n').filter((line) => !/no matches for kind "Cluster|ensure CRDs|^$/.test(line))
    assert.deepEqual(others, [])
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
    return cluster.kubectl(['apply', '-f', plain])
  }
  const rendered = async (): Promise<string> => {
    const charts = ['millrace-crds', 'millrace'].map((chart) =>
      cluster.helm(['template', 'release', `deploy/helm/${chart}`]),
    )
    return (await Promise.all(charts)).join('---\n')
  }

  test('client-side: every object is taken, and a second time nothing changes', async () => {
    const first = outcomes(await install())
    assert.deepEqual([...new Set(first.values())].sort(), ['created', 'unchanged'])
    assertUnchanged(await cluster.kubectl(['apply', '-f', plain]))
    await cluster.kubectl(['diff', '-f', plain])
  })

  test('each CRD fits into the annotation that kubectl really wrote', async () => {
    const { items } = await cluster.client.list(resources.customResourceDefinitions)
    assert.equal(items.length, 10)
    for (const { metadata } of items) {
      const bytes = Buffer.byteLength(metadata.annotations?.[lastApplied] ?? '')
      assert.ok(bytes > 1000 && bytes <= annotationBytesMax, `${metadata.name}: ${bytes} bytes`)
    }
  })

  test('Kustomize by kubectl, and the rendered charts, over it: nothing changes', async () => {
    assertUnchanged(await cluster.kubectl(['apply', '-k', 'deploy/kustomize/overlays/default']))
    assertUnchanged(await cluster.kubectl(['apply', '-f', '-'], await rendered()))
  })

  test('server-side over client-side: no conflict; a second time nothing is written', async () => {
    await cluster.kubectl(['apply', '--server-side', '-f', plain])
    const before = await versions()
    await cluster.kubectl(['apply', '--server-side', '-f', plain])
    await cluster.kubectl(['apply', '--server-side', '-f', '-'], await rendered())
    assert.deepEqual(await versions(), before)
    await cluster.kubectl(['diff', '--server-side', '-f', plain])
  })

  test('the other variant over it, and back', async () => {
    await cluster.kubectl(['apply', '--server-side', '-k', 'deploy/kustomize/overlays/minimal-crds'])
    const minimal = await cluster.kubectl(['explain', 'isvc.spec.predictor.containers'])
    assert.doesNotMatch(minimal, /livenessProbe/)
    await cluster.kubectl(['apply', '--server-side', '-f', plain])
    const full = await cluster.kubectl(['explain', 'isvc.spec.predictor.containers'])
    assert.match(full, /livenessProbe/)
  })

  test('what is deleted by label leaves the kinds, the configuration and the namespace', async () => {
    await cluster.kubectl(['delete', '-f', plain, '-l', 'app.kubernetes.io/component=controller'])
    const left = outcomes(await cluster.kubectl(['apply', '--dry-run=server', '-f', plain]))
    const gone = [...left].filter(([, outcome]) => outcome === 'created').map(([name]) => name)
    assert.ok(gone.includes('deployment.apps/millrace-controller'), gone.join())
    assert.ok(gone.includes('validatingwebhookconfiguration.admissionregistration.k8s.io/millrace.serving.kserve.io'))
    const kept = gone.filter((name) =>
      /^(customresourcedefinition|namespace|configmap|cluster(serving|storage))/.test(name),
    )
    assert.deepEqual(kept, [])
  })

  async function versions(): Promise<ReadonlyMap<string, string | undefined>> {
    const kinds = [
      resources.customResourceDefinitions,
      resources.clusterRoles,
      resources.clusterRoleBindings,
      resources.deployments,
      resources.services,
      resources.configMaps,
      resources.serviceAccounts,
      resources.validatingWebhookConfigurations,
      {
        group: 'serving.kserve.io',
        version: 'v1alpha1',
        plural: 'clusterservingruntimes',
        kind: 'X',
        namespaced: false,
      },
    ]
    const lists = await Promise.all(
      kinds.map((kind) => cluster.client.list(kind, { labelSelector: 'app.kubernetes.io/part-of=millrace' })),
    )
    return new Map(
      lists.flatMap(({ items }) =>
        items.map(({ kind, metadata }) => [`${kind} ${metadata.name}`, metadata.resourceVersion] as const),
      ),
    )
  }
})

/** `deployment.apps/x configured`, by name. */
function outcomes(said: string): ReadonlyMap<string, string> {
  const lines = said.split('\n').filter((line) => line.includes('/'))
  return new Map(lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']))
}

function assertUnchanged(said: string): void {
  const changed = [...outcomes(said)].filter(([, outcome]) => outcome !== 'unchanged')
  assert.deepEqual(changed, [])
}
