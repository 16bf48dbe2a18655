import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { after, before, describe } from 'node:test'
import { annotationBytesMax, kinds, resources as serving } from '@millrace/api'
import { discover, resources } from '@millrace/kube'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { until } from './installation.ts'
import { manifestsOf, root } from './run-tool.ts'

const plain = ['deploy/install.yaml', 'deploy/runtimes.yaml'] as const
const files = plain.flatMap((file) => ['-f', file])
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

describe('kubectl applies what is shipped', { skip: kubernetesSkipReason() }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster()
  })
  after(() => cluster?.close())

  /** As docs/install.md says. */
  const install = async (): Promise<string> => {
    const first = await cluster.kubectl(['apply', '-f', plain[0]])
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
    return `${first}\n${await cluster.kubectl(['apply', '-f', plain[1]])}`
  }
  const rendered = async (): Promise<string> => {
    const charts = ['millrace-crds', 'millrace'].map((chart) =>
      cluster.helm(['template', 'release', `deploy/helm/${chart}`]),
    )
    return (await Promise.all(charts)).join('---\n')
  }

  test('client-side: every object is taken, and a second time nothing changes', async () => {
    const first = outcomes(await install())
    assert.deepEqual([...new Set(first.values())], ['created'])
    assertUnchanged(await cluster.kubectl(['apply', ...files]))
    await cluster.kubectl(['diff', ...files])
  })

  test('each CRD fits into the annotation that kubectl really wrote', async () => {
    const { items } = await cluster.client.list(resources.customResourceDefinitions)
    assert.equal(items.length, 10)
    for (const { metadata } of items) {
      const bytes = Buffer.byteLength(metadata.annotations?.[lastApplied] ?? '')
      assert.ok(bytes > 1000 && bytes <= annotationBytesMax, `${metadata.name}: ${bytes} bytes`)
    }
  })

  test('a three-way diff as of Argo CD is quiet: what is live says all that was written, and nothing else was ever written', async () => {
    const written = manifestsOf(
      (await Promise.all(plain.map((file) => readFile(join(root, file), 'utf8')))).join('---\n'),
    )
    const discovery = await discover(cluster.client)
    for (const [key, manifest] of written) {
      const resource = discovery.ofKind(manifest.apiVersion, manifest.kind)
      assert.ok(resource, key)
      const { name, namespace } = manifest.metadata
      const live = await cluster.client.get(resource, namespace === undefined ? { name } : { namespace, name })
      assert.deepEqual(missingIn(live, manifest), [], key)
      const before: unknown = JSON.parse(live.metadata.annotations?.[lastApplied] ?? '{}')
      const now = { ...manifest, metadata: { annotations: {}, ...manifest.metadata } }
      assert.deepEqual(missingIn(now, before), [], key)
    }
    assert.ok(written.size > 40, `${written.size}`)
  })

  test('kubectl explain teaches what a field is for, and which values it takes', async () => {
    const explain = (path: string) => cluster.kubectl(['explain', path])
    assert.match(await explain('isvc'), /A model that answers requests/)
    assert.match(await explain('isvc.spec.predictor.minReplicas'), /Least number of replicas; 1 if unset/)
    assert.match(await explain('isvc.spec.transformer.logger.mode'), /ENUM:\s+all\s+request\s+response/)
    assert.match(await explain('isvc.spec.predictor.volumes.configMap'), /items/)
    for (const { plural } of kinds) assert.match(await explain(plural), /DESCRIPTION:\s+[A-Z]/, plural)
  })

  test('Kustomize by kubectl, and the rendered charts, over it: nothing changes', async () => {
    assertUnchanged(await cluster.kubectl(['apply', '-k', 'deploy/kustomize/overlays/default']))
    assertUnchanged(await cluster.kubectl(['apply', '-f', '-'], await rendered()))
  })

  test('server-side over client-side: no conflict; a second time nothing is written', async () => {
    await cluster.kubectl(['apply', '--server-side', ...files])
    const before = await versions()
    await cluster.kubectl(['apply', '--server-side', ...files])
    await cluster.kubectl(['apply', '--server-side', '-f', '-'], await rendered())
    assert.deepEqual(await versions(), before)
    await cluster.kubectl(['diff', '--server-side', ...files])
  })

  /** An API server publishes a changed schema a moment after it has taken it. */
  const untilContainersAre = async (wanted: 'typed' | 'open'): Promise<void> => {
    let explained = ''
    const holds = async () => {
      explained = await cluster.kubectl(['explain', 'isvc.spec.predictor.containers'])
      return explained.includes('livenessProbe') === (wanted === 'typed')
    }
    await until(holds, () => explained)
  }

  test('the other variant over it, and back', async () => {
    await cluster.kubectl(['apply', '--server-side', '-k', 'deploy/kustomize/overlays/minimal-crds'])
    await untilContainersAre('open')
    await cluster.kubectl(['apply', '--server-side', ...files])
    await untilContainersAre('typed')
  })

  test('what is deleted by label leaves the kinds, the configuration and the namespace', async () => {
    await cluster.kubectl(['delete', ...files, '-l', 'app.kubernetes.io/component=controller'])
    const left = outcomes(await cluster.kubectl(['apply', '--dry-run=server', ...files]))
    const gone = [...left].filter(([, outcome]) => outcome === 'created').map(([name]) => name)
    assert.ok(gone.includes('deployment.apps/millrace-controller'), gone.join())
    assert.ok(gone.includes('validatingwebhookconfiguration.admissionregistration.k8s.io/millrace.serving.kserve.io'))
    const kept = gone.filter((name) =>
      /^(customresourcedefinition|namespace|configmap|cluster(serving|storage))/.test(name),
    )
    assert.deepEqual(kept, [])
  })

  test('two appliers share containers, variables and ports by name, whichever variant is installed', async () => {
    const name = { namespace: 'default', name: 'shared' }
    const container = (variable: string, containerPort: number) => ({
      name: 'kserve-container',
      env: [{ name: variable, value: '1' }],
      ports: [{ containerPort, protocol: 'TCP' }],
    })
    const apply = (fieldManager: string, predictor: object) => {
      const head = { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', metadata: name }
      return cluster.client.apply(serving.inferenceServices, { ...head, spec: { predictor } }, { fieldManager })
    }
    for (const variant of ['minimal', 'full']) {
      await cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-k', `deploy/crds/${variant}`])
      await apply('one', { containers: [{ ...container('A', 8080), image: 'i' }] })
      const { spec } = await apply('two', { containers: [container('B', 9090), { name: 'beside', image: 'j' }] })
      const [server, beside] = Object(spec).predictor.containers
      assert.deepEqual(
        [server.image, beside.name, server.env.map(nameOf), server.ports.length],
        ['i', 'beside', ['A', 'B'], 2],
        variant,
      )
      await cluster.client.delete(serving.inferenceServices, name)
    }
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

function nameOf({ name }: { readonly name: string }): string {
  return name
}

/** `deployment.apps/x configured`, by name. */
function outcomes(said: string): ReadonlyMap<string, string> {
  const lines = said.split('\n').filter((line) => line.includes('/'))
  return new Map(lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']))
}

/** Places where `part` says something that `whole` does not say; fields that only `whole` has do not count. */
function missingIn(whole: unknown, part: unknown, path = ''): readonly string[] {
  if (typeof part !== 'object' || part === null) return whole === part ? [] : [path]
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole) !== Array.isArray(part)) return [path]
  if (Array.isArray(part) && part.length !== (whole as unknown[]).length) return [path]
  return Object.entries(part).flatMap(([key, inner]) =>
    missingIn((whole as Readonly<Record<string, unknown>>)[key], inner, `${path}.${key}`),
  )
}

function assertUnchanged(said: string): void {
  const changed = [...outcomes(said)].filter(([, outcome]) => outcome !== 'unchanged')
  assert.deepEqual(changed, [])
}
