import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import {
  eventually,
  millrace,
  type PlatformProcess,
  removeDirectory,
  startUp,
  temporaryDirectory,
} from './platform-process.ts'

let platform: PlatformProcess
let work: string

before(async () => {
  work = temporaryDirectory('backup')
  platform = await startUp({ files: ['examples/sklearn-iris.yaml'] })
})

after(async () => {
  await platform.stop()
  removeDirectory(platform.dataDir)
  removeDirectory(work)
})

const extra = `apiVersion: v1
kind: Namespace
metadata: { name: team }
---
apiVersion: v1
kind: Secret
metadata: { name: hub, namespace: team }
stringData: { HF_TOKEN: not-for-logs }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: loader, namespace: team }
secrets: [{ name: hub }]
---
apiVersion: v1
kind: Secret
metadata: { name: unrelated, namespace: team }
stringData: { key: value }
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: named, namespace: team, labels: { owner: ada } }
spec:
  predictor:
    serviceAccountName: loader
    model:
      modelFormat: { name: sklearn }
      storageUri: file://examples/models/sklearn-iris
`

test('a backup holds our objects and what they name, and brings them back with their status', {
  timeout: 90_000,
}, async () => {
  const applied = await millrace(['apply', '-f', '-', '--kubeconfig', platform.kubeconfig], { input: extra })
  assert.equal(applied.code, 0, applied.stderr)
  await eventually(
    async () => (await platform.run('explain', 'named', '-n', 'team')).stdout.includes('is ready'),
    'the service is ready',
  )
  const file = join(work, 'backup.yaml')
  const saved = await platform.run('backup', '-o', file)
  assert.equal(saved.code, 0, saved.stderr)
  assert.equal(statSync(file).mode & 0o077, 0)
  const text = readFileSync(file, 'utf8')
  assert.match(text, /name: hub/)
  assert.doesNotMatch(text, /unrelated|resourceVersion|managedFields/)
  assert.doesNotMatch(saved.stderr + saved.stdout, /not-for-logs/)

  const kept = await platform.run('restore', '-f', file)
  assert.equal(kept.code, 0, kept.stderr)
  assert.doesNotMatch(kept.stdout, /created/)

  for (const target of [
    ['isvc', 'named'],
    ['sa', 'loader'],
    ['secret', 'hub'],
  ]) {
    const deleted = await platform.run('delete', ...target, '-n', 'team')
    assert.equal(deleted.code, 0, deleted.stderr)
  }
  const dry = await platform.run('restore', '-f', file, '--dry-run')
  assert.match(dry.stdout, /InferenceService team\/named created/)
  const restored = await platform.run('restore', '-f', file)
  assert.equal(restored.code, 0, restored.stderr)
  assert.match(restored.stdout, /Secret team\/hub created\n[\s\S]*InferenceService team\/named created/)
  const again = await platform.run('restore', '-f', file)
  assert.doesNotMatch(again.stdout, /created/)
  const live = JSON.parse((await platform.run('get', 'isvc', 'named', '-n', 'team', '-o', 'json')).stdout)
  assert.equal(live.metadata.labels.owner, 'ada')
  await eventually(
    async () => (await platform.run('explain', 'named', '-n', 'team')).stdout.includes('is ready'),
    'the service is ready again',
  )
})

test('a storage migration rewrites the objects, forgets the old version, and has nothing to do the second time', {
  timeout: 60_000,
}, async () => {
  const { createClient, loadConnection, resources } = await import('@millrace/kube')
  const client = createClient(await loadConnection({ kubeconfig: platform.kubeconfig, env: {} }))
  const place = { name: 'inferenceservices.serving.kserve.io' }
  const before: { spec: { versions: { name: string; storage: boolean }[] } } & KubeObject = await client.get(
    resources.customResourceDefinitions,
    place,
  )
  const older = { ...before.spec.versions.find((version) => version.storage), name: 'v1beta0', storage: false }
  const add = [{ op: 'add', path: '/spec/versions/-', value: older }]
  await client.patch(resources.customResourceDefinitions, place, 'json', add)
  const stored = { status: { storedVersions: ['v1beta0', 'v1beta1'] } }
  await client.patch(resources.customResourceDefinitions, place, 'merge', stored, { subresource: 'status' })
  const planned = await platform.run('migrate', 'storage', '--dry-run')
  assert.match(planned.stdout, /inferenceservices\.serving\.kserve\.io: objects may still be stored as v1beta0/)
  const migrated = await platform.run('migrate', 'storage')
  assert.equal(migrated.code, 0, migrated.stderr)
  assert.match(migrated.stderr, /\d+ objects rewritten as v1beta1; v1beta0 may be removed/)
  const definition: { status?: { storedVersions?: string[] }; metadata: { annotations?: Record<string, string> } } =
    await client.get(resources.customResourceDefinitions, place)
  assert.deepEqual(definition.status?.storedVersions, ['v1beta1'])
  assert.equal(definition.metadata.annotations?.['millrace.dev/storage-migration'], undefined)
  const second = await platform.run('migrate', 'storage')
  assert.match(second.stdout, /inferenceservices\.serving\.kserve\.io: everything is stored as v1beta1/)
  // Forgotten, the old version may really go.
  await client.patch(resources.customResourceDefinitions, place, 'merge', { spec: { versions: before.spec.versions } })
  await client.close()
})

test('a preview of the running platform finds nothing that would roll', async () => {
  const preview = await platform.run('upgrade', '--preview', '-o', 'json')
  assert.equal(preview.code, 0, preview.stderr)
  const { services, objects } = JSON.parse(preview.stdout)
  assert.deepEqual(
    objects.filter((each: { severity: string }) => each.severity === 'error'),
    [],
  )
  assert.ok(services.length > 0)
  for (const service of services) assert.equal(service.outcome, 'same', JSON.stringify(service))
})
