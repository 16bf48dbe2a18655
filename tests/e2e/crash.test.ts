import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from 'undici'
import { eventually, processesOf, removeDirectory, startUp, temporaryDirectory } from './platform-process.ts'

const ask = async (gatewayUrl: string): Promise<number> => {
  const answer = await request(`${gatewayUrl}/v1/models/sklearn-iris:predict`, {
    method: 'POST',
    headers: { host: 'sklearn-iris-default.example.com', 'content-type': 'application/json' },
    body: '{"instances": [[6.8, 2.8, 4.8, 1.4]]}',
  })
  await answer.body.dump()
  return answer.statusCode
}

test('kill -9 at any moment leaves no process and loses no object', { timeout: 180_000 }, async () => {
  const dataDir = temporaryDirectory('crash')
  const files = ['examples/sklearn-iris.yaml']
  try {
    // While it starts, while it serves, while it writes.
    for (const waitMs of [150, 600, 1500]) {
      const starting = startUp({ dataDir, files, until: /never/ }).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      for (const { pid, command } of processesOf(dataDir)) if (command.includes(' up ')) process.kill(pid, 'SIGKILL')
      await starting
    }
    let platform = await startUp({ dataDir, files })
    for (let round = 0; round < 2; round++) {
      const writes = Array.from({ length: 20 }, (_, index) =>
        platform.run('apply', '-f', 'examples/sklearn-iris.yaml', '-n', 'default').then((done) => ({ index, done })),
      )
      await writes[0]
      await platform.kill()
      await Promise.allSettled(writes)
      await eventually(
        () => processesOf(dataDir).filter(({ command }) => !command.includes('apply')).length === 0,
        'model servers end with their platform',
        10_000,
      )
      platform = await startUp({ dataDir, files })
      assert.equal(await ask(platform.gatewayUrl), 200)
    }
    const got = await platform.run('get', 'isvc', 'sklearn-iris', '-o', 'json')
    assert.equal(JSON.parse(got.stdout).metadata.name, 'sklearn-iris')
    await platform.stop()
    await eventually(() => processesOf(dataDir).length === 0, 'nothing runs after Ctrl-C', 10_000)
  } finally {
    for (const { pid } of processesOf(dataDir)) process.kill(pid, 'SIGKILL')
    removeDirectory(dataDir)
  }
})

test('a second platform on the same data directory is refused by name of the first', { timeout: 60_000 }, async () => {
  const dataDir = temporaryDirectory('twice')
  const first = await startUp({ dataDir, files: ['examples/sklearn-iris.yaml'] })
  try {
    await assert.rejects(
      startUp({ dataDir, files: ['examples/sklearn-iris.yaml'] }),
      new RegExp(`ended with 1[\\s\\S]*${first.pid}`),
    )
    const port = new URL(first.apiUrl).port
    const other = temporaryDirectory('port')
    await assert.rejects(
      startUp({ dataDir: other, files: ['examples/sklearn-iris.yaml'], args: ['--api-port', port] }),
      new RegExp(`ended with 1[\\s\\S]*${port}[\\s\\S]*(in use|--api-port)`),
    )
    removeDirectory(other)
    assert.equal(await ask(first.gatewayUrl), 200)
  } finally {
    await first.stop()
    removeDirectory(dataDir)
  }
})
