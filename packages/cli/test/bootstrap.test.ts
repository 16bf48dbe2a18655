import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { resources as serving } from '@millrace/api'
import { type Client, type KubeObject, resources, silentLog } from '@millrace/kube'
import { bootstrap } from '../src/platform/bootstrap.ts'
import { waitUntilGone } from '../src/wait.ts'
import { embeddedServer } from './embedded-server.ts'

/** A platform's API server, and `start()`: what a start of the platform writes there, by kind and name. */
async function fixture(t: TestContext) {
  const { client } = await embeddedServer(t)
  const start = async (): Promise<readonly string[]> => {
    const written: string[] = []
    const apply: Client['apply'] = (resource, object, options) => {
      written.push(`${resource.kind} ${object.metadata.name}`)
      return client.apply(resource, object, options)
    }
    const signal = new AbortController().signal
    await bootstrap({ ...client, apply }, { log: silentLog, signal })
    return written
  }
  return { client, start }
}

test('a start writes only what is not there as this version wants it', async (t) => {
  const { client, start } = await fixture(t)
  const first = await start()
  assert.ok(first.includes('CustomResourceDefinition inferenceservices.serving.kserve.io'))
  assert.ok(first.includes('ConfigMap inferenceservice-config'))
  assert.ok(first.some((one) => one.startsWith('ClusterServingRuntime ')))
  assert.deepEqual(await start(), [])

  const runtime = first.find((one) => one.startsWith('ClusterServingRuntime '))?.split(' ')[1] ?? ''
  await client.delete(serving.clusterServingRuntimes, { name: runtime })
  const graphs = { name: 'inferencegraphs.serving.kserve.io' }
  await client.delete(resources.customResourceDefinitions, graphs)
  // A definition goes when its objects are gone, a moment later.
  await waitUntilGone(client, resources.customResourceDefinitions, graphs, { timeoutMs: 10_000, signal: t.signal })
  const again = ['ClusterServingRuntime', runtime].join(' ')
  assert.deepEqual(await start(), ['CustomResourceDefinition inferencegraphs.serving.kserve.io', again])
  assert.deepEqual(await start(), [])
})

test('what another version wrote is brought up to date, and what a user changed is left', async (t) => {
  const { client, start } = await fixture(t)
  await start()
  const name = { namespace: 'kserve', name: 'inferenceservice-config' }
  type ConfigMap = KubeObject & { data: Record<string, string> }
  const config = await client.get<ConfigMap>(resources.configMaps, name)
  const [key = ''] = Object.keys(config.data)
  const changed = { ...config, data: { ...config.data, [key]: '{"mine": true}' } }
  await client.replace(resources.configMaps, changed, { fieldManager: 'user' })
  assert.deepEqual(await start(), [])

  const olderHash = { metadata: { annotations: { 'millrace.dev/applied-hash': 'older' } } }
  await client.patch(resources.configMaps, name, 'merge', olderHash, { fieldManager: 'millrace-up' })
  assert.deepEqual(await start(), ['ConfigMap inferenceservice-config'])
  assert.equal((await client.get<ConfigMap>(resources.configMaps, name)).data[key], '{"mine": true}')
})
