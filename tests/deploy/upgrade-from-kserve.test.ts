import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before, describe } from 'node:test'
import { kinds, resources as serving } from '@millrace/api'
import { discover, type Discovery, type KubeObject, resources } from '@millrace/kube'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { kserveCrds } from '../kubernetes/kserve-crds.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { attempt, root } from './run-tool.ts'

const objectsFile = 'tests/deploy/testdata/kserve-objects.yaml'
const servedMsMax = 30_000
const others = `
apiVersion: v1
kind: Namespace
metadata: { name: team }
---
apiVersion: v1
kind: Secret
metadata: { name: hub, namespace: team }
stringData: { token: not-for-logs }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: reader, namespace: team }
secrets: [{ name: hub }]
`

describe("a cluster with KServe's CRDs and objects", { skip: kubernetesSkipReason() }, () => {
  let cluster: Cluster
  let directory = ''
  let original: ReadonlyMap<string, KubeObject>
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-upgrade-'))
    cluster = await startCluster()
    await installKServe()
    await cluster.kubectl(['apply', '-f', '-'], others)
    await cluster.kubectl(['apply', '-f', objectsFile])
    original = await objects()
  })
  after(async () => {
    await cluster?.close()
    await rm(directory, { recursive: true, force: true })
  })

  /** They are too large for `kubectl apply`, so KServe's own guide replaces or applies them server-side. */
  const installKServe = async (): Promise<void> => {
    const file = join(directory, 'kserve-crds.json')
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: kserveCrds() }))
    await cluster.kubectl(['apply', '--server-side', '--force-conflicts', '--field-manager=kserve', '-f', file])
    // kubectl maps kinds by discovery, which follows the CRDs by a moment.
    const deadline = performance.now() + servedMsMax
    const isKnown = ({ ofKind }: Discovery) =>
      Object.values(serving).every(({ group, version, kind }) => ofKind(`${group}/${version}`, kind))
    while (!isKnown(await discover(cluster.client))) {
      assert.ok(performance.now() < deadline, "KServe's kinds are not served")
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const objects = async (): Promise<ReadonlyMap<string, KubeObject>> => {
    const lists = await Promise.all(Object.values(serving).map((resource) => cluster.client.list(resource)))
    const all = lists.flatMap(({ items }) => items)
    return new Map(all.map((object) => [`${object.kind} ${object.metadata.namespace}/${object.metadata.name}`, object]))
  }
  /** Nothing but what a write of the CRD alone cannot touch. */
  const assertAsBefore = async (): Promise<void> => {
    const now = await objects()
    assert.deepEqual([...now.keys()].sort(), [...original.keys()].sort())
    for (const [key, { metadata, spec }] of original) {
      assert.deepEqual([now.get(key)?.['spec'], now.get(key)?.metadata.uid], [spec, metadata.uid], key)
    }
  }
  const millrace = (...args: readonly string[]) =>
    attempt(process.execPath, ['--disable-warning=ExperimentalWarning', 'packages/cli/src/main.ts', ...args], {
      env: { KUBECONFIG: cluster.kubernetes.kubeconfig },
    })

  test('has every kind, so that what follows means something', () => {
    const names = new Set([...original.keys()].map((key) => key.split(' ')[0]))
    assert.deepEqual([...names].sort(), kinds.map(({ kind }) => kind).sort())
  })

  test('is told what would change: no field, no version and no object is lost', async () => {
    const { code, stdout, stderr } = await millrace('upgrade', '--preview', '-o', 'json')
    assert.equal(code, 0, stderr + stdout)
    const preview = JSON.parse(stdout)
    assert.equal(preview.definitions.length, kinds.length)
    for (const { name, change, lostVersions, droppedFields } of preview.definitions)
      assert.deepEqual([change, lostVersions, droppedFields], ['changed', [], []], name)
    const errors = preview.objects.filter(({ severity }: { severity: string }) => severity === 'error')
    assert.deepEqual(errors, [])
    const dump = join(directory, 'dump.yaml')
    const all = ['crd', ...kinds.map(({ plural }) => plural), 'deployment', 'pod', 'sa', 'cm', 'secret']
    await writeFile(dump, await cluster.kubectl(['get', all.join(','), '-A', '-o', 'yaml']))
    const fromDump = await millrace('upgrade', '--preview', '-f', dump, '--capabilities', 'none', '-o', 'json')
    assert.deepEqual(JSON.parse(fromDump.stdout).definitions, preview.definitions)
  })

  test('is taken over in place, by server-side apply and by client-side apply over it; again changes nothing', async () => {
    await cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-k', 'deploy/crds/full'])
    await assertAsBefore()
    await cluster.kubectl(['diff', '--server-side', '--force-conflicts', '-k', 'deploy/crds/full'])
    await cluster.kubectl(['apply', '-k', 'deploy/crds/full'])
    await cluster.kubectl(['diff', '-k', 'deploy/crds/full'])
    await assertAsBefore()
    const { items } = await cluster.client.list(resources.customResourceDefinitions)
    for (const { metadata, status } of items) {
      assert.deepEqual(Object(status).storedVersions.length, 1, metadata.name)
    }
  })

  test('accepts every object again as it stands, as GitOps writes it', async () => {
    await cluster.kubectl(['apply', '-f', objectsFile])
    await cluster.kubectl(['apply', '--server-side', '--field-manager=gitops', '--force-conflicts', '-f', objectsFile])
    await assertAsBefore()
  })

  test('goes back to KServe with every object in place', async () => {
    await installKServe()
    await assertAsBefore()
  })

  test('is saved and brought back, with what the objects name', async () => {
    const file = join(directory, 'backup.yaml')
    const saved = await millrace('backup', '-o', file)
    assert.equal(saved.code, 0, saved.stderr)
    assert.doesNotMatch(saved.stdout + saved.stderr, /not-for-logs/)
    assert.match(await readFile(file, 'utf8'), /name: hub/)
    await cluster.kubectl(['delete', '-f', objectsFile])
    await cluster.kubectl(['delete', 'secret/hub', 'serviceaccount/reader', '-n', 'team'])
    const restored = await millrace('restore', '-f', file)
    assert.equal(restored.code, 0, restored.stderr)
    const now = await objects()
    assert.deepEqual([...now.keys()].sort(), [...original.keys()].sort())
    for (const [key, { spec }] of original) assert.deepEqual(now.get(key)?.['spec'], spec, key)
    const again = await millrace('restore', '-f', file)
    assert.doesNotMatch(again.stdout, /created/)
  })
})

test('the objects are what `millrace validate` accepts', async () => {
  const main = join(root, 'packages/cli/src/main.ts')
  const args = ['--disable-warning=ExperimentalWarning', main, 'validate', '-f', objectsFile]
  const { code, stdout } = await attempt(process.execPath, args)
  assert.equal(code, 0, stdout)
})
