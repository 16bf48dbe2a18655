import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before, describe, type TestContext } from 'node:test'
import { resources as serving } from '@millrace/api'
import { createClient, isKubeError, loadConnection, resources, silentLog } from '@millrace/kube'
import { bootstrap } from '../../packages/cli/src/platform/bootstrap.ts'
import { freePort } from './controller-process.ts'
import { type ImageProcess, type ImageTree, layOutImage, recipe } from './image-tree.ts'
import { until } from './installation.ts'
import { type Outcome, root } from './run-tool.ts'

const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean)

async function attemptImage(t: TestContext, name: string, args: readonly string[]): Promise<Outcome> {
  const image = await layOutImage(name)
  t.after(() => image.remove())
  return image.attempt(args)
}

test('everything that the recipe copies is there, and reaches the build', () => {
  const builds = recipe.split(/^FROM /m).filter((stage) => /^\S+ AS sources$|^sources AS /m.test(stage))
  const sources = builds.flatMap((stage) =>
    [...stage.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, from = '']) => from.split(' ')),
  )
  const script = 'scripts/bundle-controller.ts'
  assert.deepEqual(sources, ['package.json', 'package-lock.json', '.npmrc', 'packages', script])
  for (const path of sources) {
    assert.ok(existsSync(join(root, path)), path)
    assert.ok(ignored.includes(`!${path}`), `.dockerignore lets ${path} in`)
  }
  const packages = readdirSync(join(root, 'packages')).filter((name) => ignored.includes(`packages/${name}`))
  assert.deepEqual(packages, ['testkit'])
})

test('no image runs as root or holds a secret', () => {
  for (const name of ['controller', 'model-server', 'storage-initializer'])
    assert.match(recipe, new RegExp(`^FROM base AS ${name}$`, 'm'))
  assert.match(/^FROM \$\{NODE\} AS base$[\s\S]*?^FROM /m.exec(recipe)?.[0] ?? '', /^USER 65532:65532$/m)
  assert.doesNotMatch(recipe, /TOKEN|PASSWORD|SECRET/i)
})

test('every library is there once, in the node_modules above the bundle', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { readonly packages: object }
  assert.deepEqual(
    Object.keys(lock.packages).filter((path) => /^packages\/[^/]+\/node_modules\//.test(path)),
    [],
  )
})

describe('the image of the controller', () => {
  let image: ImageTree
  before(async () => {
    image = await layOutImage('controller')
  })
  after(() => image?.remove())

  test('has each command start from what it holds', async () => {
    const { code, stderr } = await image.attempt(['controller', '--kubeconfig', '/nowhere'])
    assert.equal(code, 1)
    assert.match(stderr, /^error: kubeconfig \/nowhere: /)
    const sizes = await image.attempt(['crd', 'size'])
    assert.equal(sizes.code, 0, sizes.stderr)
    assert.match(sizes.stdout, /^inferenceservices\.serving\.kserve\.io +full /m)
  })

  test('has no model server, and says so to whoever runs `up`', async () => {
    const { code, stderr } = await image.attempt(['up'])
    assert.equal(code, 1)
    assert.match(stderr, /^millrace up: the model servers are not installed .* in a checkout of Millrace/)
  })

  test('serves an API server, its own too, until it is told to end', async (t) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'millrace-image-state-'))
    t.after(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }))
    const apiServer = image.start(['apiserver', '--data-dir', dataDir, '--port', '0'])
    t.after(() => apiServer.end())
    await until(
      async () => /^kubeconfig \S+$/m.test(apiServer.output),
      () => apiServer.output,
    )
    const controller = await startController(t, image, join(dataDir, 'kubeconfig'))

    const client = createClient(await loadConnection({ kubeconfig: join(dataDir, 'kubeconfig'), env: {} }))
    t.after(() => client.close())
    await bootstrap(client, { log: silentLog, signal: t.signal })
    await controller.untilReady()
    await client.create(serving.inferenceServices, serviceOf('iris', {}))
    const child = { namespace: 'default', name: 'iris-predictor' }
    await until(
      async () => (await client.list(resources.deployments, { namespace: 'default' })).items.length > 0,
      () => controller.process.output,
    )
    assert.equal((await client.get(resources.deployments, child)).metadata.name, child.name)
    const wrong = { 'autoscaling.knative.dev/min-scale': 'many', 'serving.kserve.io/deploymentMode': 'Knative' }
    await assert.rejects(client.create(serving.inferenceServices, serviceOf('wrong', wrong)), (error) => {
      assert.ok(isKubeError(error))
      assert.match(error.message, /admission webhook .* denied .*min-scale/)
      return true
    })
    assert.match(await controller.metrics(), /^controller_runtime_reconcile_total\{.*\} [1-9]/m)
    assert.equal(await controller.process.end(), '0', controller.process.output)
    assert.equal(await apiServer.end(), '0', apiServer.output)
  })
})

interface StartedController {
  readonly process: ImageProcess
  untilReady(): Promise<void>
  metrics(): Promise<string>
}

async function startController(t: TestContext, image: ImageTree, kubeconfig: string): Promise<StartedController> {
  const [health, metrics] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')].map(
    (port) => `127.0.0.1:${port}`,
  )
  const addresses = [`--metrics-addr=${metrics}`, `--health-probe-addr=${health}`, '--webhook-port=0']
  const process = image.start(['controller', '--kubeconfig', kubeconfig, ...addresses])
  t.after(() => process.end())
  return {
    process,
    untilReady: () =>
      until(
        async () => (await fetch(`http://${health}/readyz`).catch(() => undefined))?.status === 200,
        () => process.output,
      ),
    metrics: async () => (await fetch(`http://${metrics}/metrics`)).text(),
  }
}

function serviceOf(name: string, annotations: Readonly<Record<string, string>>) {
  const model = { modelFormat: { name: 'sklearn' }, storageUri: 's3://models/iris' }
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { namespace: 'default', name, annotations },
    spec: { predictor: { model } },
  }
}

test('the storage initializer starts from what its image holds', async (t) => {
  const { code, stderr } = await attemptImage(t, 'storage-initializer', ['s3//mistyped', '/nowhere/models'])
  assert.equal(code, 1, stderr)
  assert.match(stderr, /s3\/\/mistyped/)
})

test('the model server starts from what its image holds', async (t) => {
  const args = ['--model_name=iris', '--model_dir=/nowhere', '--http_port=0']
  const { code, stderr } = await attemptImage(t, 'model-server', args)
  assert.equal(code, 1, stderr)
  assert.match(stderr, /\/nowhere/)
})
