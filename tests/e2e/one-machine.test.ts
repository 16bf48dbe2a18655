import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createClient, loadConnection, resources } from '@millrace/kube'
import { eventually, type PlatformProcess, processesOf, removeDirectory, startUp } from './platform-process.ts'

const data = 'tests/e2e/testdata'
let platform: PlatformProcess

before(async () => {
  platform = await startUp({
    files: [`${data}/containers.yaml`],
    args: ['--image', `me/my-model="${process.execPath}" ${data}/server.mjs`, '--timeout', '8'],
  })
})

after(async () => {
  await platform.stop()
  removeDirectory(platform.dataDir)
})

const input = '@examples/sklearn-iris-input.json'
const predictions = async (name: string): Promise<unknown> => {
  const { code, stdout } = await platform.run('predict', name, '-d', input, '-o', 'json')
  return code === 0 ? JSON.parse(stdout).predictions : undefined
}

test('the program that the user names stands for an image', async () => {
  await eventually(async () => (await predictions('mine')) !== undefined, 'it answers')
  assert.deepEqual(await predictions('mine'), ['hello'])
})

test('a transformer from a ConfigMap asks its predictor by its cluster name', async () => {
  await eventually(async () => (await predictions('transformed')) !== undefined, 'it answers')
  assert.deepEqual(await predictions('transformed'), ['iris-versicolor', 'iris-versicolor'])
})

test('an image that nothing stands for says how to name a program', async () => {
  const { stdout } = await platform.run('explain', 'unknown')
  assert.match(stdout, /no program on this machine stands for the image "registry\.example\.com\/me\/other-model:3"/)
  assert.match(stdout, /millrace up --image me\/other-model=PROGRAM/)
})

test('a server that answers nobody is a note, and stops nothing', () => {
  assert.match(platform.stderr(), /ready, and yet nobody answers for mute-default\.example\.com/)
})

test('a server that is killed is told from one that fails, and comes back', { skip: skipWithoutProc() }, async () => {
  const server = () =>
    processesOf(platform.dataDir, [platform.pid]).find(({ command }) => command.includes('server.mjs'))
  for (let kills = 0; kills < 2; kills++) {
    await eventually(() => server() !== undefined, 'the server runs')
    process.kill(server()?.pid ?? 0, 'SIGKILL')
    await eventually(async () => (await predictions('mine')) === undefined || kills === 0, 'the server is gone')
  }
  await eventually(
    async () => /ended by SIGKILL/.test((await platform.run('explain', 'mine')).stdout),
    'the cause is told',
  )
  await eventually(async () => (await predictions('mine')) !== undefined, 'it serves again')
})

test('services move from Ingresses to HTTPRoutes when Gateway API is installed and wanted', async () => {
  const client = createClient(await loadConnection({ kubeconfig: platform.kubeconfig, env: {} }))
  const name = { namespace: 'kserve', name: 'inferenceservice-config' }
  try {
    const applied = await platform.run('apply', '-f', `${data}/http-routes.yaml`)
    assert.equal(applied.code, 0, applied.stderr)
    const { data: settings } = (await client.get(resources.configMaps, name)) as { data?: { ingress?: string } }
    const gateway = { enableGatewayApi: true, kserveIngressGateway: 'kserve/kserve-ingress-gateway' }
    const ingress = JSON.stringify({ ...JSON.parse(settings?.ingress ?? '{}'), ...gateway })
    await client.patch(resources.configMaps, name, 'merge', { data: { ingress } })
    await eventually(async () => (await client.list(resources.ingresses)).items.length === 0, 'no Ingress is left')
    await eventually(async () => {
      const { stdout } = await platform.run('get', 'isvc', 'transformed')
      return / True /.test(stdout) && (await predictions('transformed')) !== undefined
    }, 'the service is ready and answers through its route')
  } finally {
    await client.close()
  }
})

function skipWithoutProc(): string | false {
  return process.platform === 'linux' ? false : 'looks for the process in /proc'
}
