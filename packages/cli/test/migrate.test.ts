import assert from 'node:assert/strict'
import test from 'node:test'
import { compileCrd, kinds, resources as serving } from '@millrace/api'
import { isKubeError, type KubeObject, resources } from '@millrace/kube'
import { runCli } from '../src/run-cli.ts'
import { embeddedServer } from './embedded-server.ts'

const objectCount = 130
const crdName = { name: 'localmodelcaches.serving.kserve.io' }
const checkpointKey = 'millrace.dev/storage-migration'

type Crd = KubeObject & { readonly status?: { readonly storedVersions?: readonly string[] } }

test('a storage migration that is interrupted draws how far it came, goes on from there, and rewrites nothing twice', async (t) => {
  const { embedded, client, dataDir } = await embeddedServer(t)
  const source = kinds.find(({ kind }) => kind === 'LocalModelCache')
  assert.ok(source)
  const { crd } = compileCrd(source, 'full')
  const older = crd.spec.versions.map((version) => ({ ...version, name: 'v1alpha0', storage: false }))
  const versions = [...crd.spec.versions, ...older]
  await client.create(resources.customResourceDefinitions, { ...crd, spec: { ...crd.spec, versions } })
  const make = (index: number): KubeObject => ({
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'LocalModelCache',
    metadata: { name: `c${index}` },
    spec: { sourceModelUri: `hf://org/${index}`, modelSize: '1Gi', nodeGroups: ['g'] },
  })
  await firstOnceServed(() => client.create(serving.localModelCaches, make(0)))
  for (let index = 1; index < objectCount; index++) await client.create(serving.localModelCaches, make(index))
  const stored = { status: { storedVersions: ['v1alpha0', 'v1alpha1'] } }
  await client.patch(resources.customResourceDefinitions, crdName, 'merge', stored, { subresource: 'status' })

  const run = async (isEnough: (said: string) => boolean) => {
    const abort = new AbortController()
    let said = ''
    const code = await runCli(['migrate', 'storage', '--kubeconfig', embedded.kubeconfig], {
      out: () => {},
      error: (text) => {
        said += text
        if (isEnough(said)) abort.abort()
      },
      isInteractive: true,
      environment: {},
      workingDirectory: dataDir,
      signal: abort.signal,
    })
    return { code, said }
  }
  const before = await client.get<Crd>(resources.customResourceDefinitions, crdName)
  assert.deepEqual(before.status?.storedVersions, ['v1alpha0', 'v1alpha1'])

  const first = await run((said) => said.includes(` 40 of ${objectCount}`))
  assert.equal(first.code, 130)
  assert.match(first.said, new RegExp(`█{7}░{17} 40 of ${objectCount}`))
  assert.match(first.said, /40 objects rewritten as v1alpha1; the same command goes on from here/)
  const halfway = await client.get<Crd>(resources.customResourceDefinitions, crdName)
  assert.match(halfway.metadata.annotations?.[checkpointKey] ?? '', /^v1alpha1:c/)
  assert.deepEqual(halfway.status?.storedVersions, ['v1alpha0', 'v1alpha1'])

  const second = await run(() => false)
  assert.equal(second.code, 0, second.said)
  assert.match(
    second.said,
    /✔ localmodelcaches\.serving\.kserve\.io: 90 objects rewritten as v1alpha1; v1alpha0 may be/,
  )
  const after = await client.get<Crd>(resources.customResourceDefinitions, crdName)
  assert.deepEqual(after.status?.storedVersions, ['v1alpha1'])
  assert.equal(after.metadata.annotations?.[checkpointKey], undefined)
})

async function firstOnceServed(create: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await create()
      return
    } catch (error) {
      if (!isKubeError(error, 'NotFound') || attempt === 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
