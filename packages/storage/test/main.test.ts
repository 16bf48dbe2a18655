import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { contents, scratch } from './scratch.ts'

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
  })
  return { child, ended: once(child, 'close').then(([code]) => ({ code, lines: stderr.trimEnd().split('\n') })) }
}

test('fetches each URI into its directory', async () => {
  const root = scratch()
  for (const name of ['a', 'b']) {
    mkdirSync(join(root, name))
    writeFileSync(join(root, name, `${name}.txt`), name)
  }
  const { code, lines } = await start([`file://${root}/a`, join(root, 'to/a'), `file://${root}/b`, join(root, 'to/b')])
    .ended
  assert.equal(code, 0)
  assert.match(lines[0] ?? '', /^fetched uri=file:\/\/.*\/a directory=.* ms=\d+$/)
  assert.deepEqual(contents(join(root, 'to')), { 'a/a.txt': 'a', 'b/b.txt': 'b' })
})

test('ends with one sentence and code 1 when it cannot fetch', async () => {
  const { code, lines } = await start(['s3://bucket/model', scratch()]).ended
  assert.equal(code, 1)
  assert.match(lines.at(-1) ?? '', /^s3:\/\/ cannot be fetched from yet .*\.$/)
})

test('explains its arguments', async () => {
  for (const args of [[], ['file:///a'], ['file:///a', '/b', 'file:///c']]) {
    assert.deepEqual(await start(args).ended, { code: 2, lines: ['usage: main.ts URI DIRECTORY [URI DIRECTORY …]'] })
  }
})

test('cleans up when it is told to stop', async () => {
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  assert.ok(typeof address === 'object' && address !== null)
  const target = scratch()
  const { child, ended } = start([`http://127.0.0.1:${address.port}/m.bin`, target])
  const [socket] = await once(silent, 'connection')
  child.kill('SIGTERM')
  const { code, lines } = await ended
  socket.destroy()
  silent.close()
  assert.equal(code, 1)
  assert.deepEqual(lines, ['Stopped by SIGTERM.'])
  assert.deepEqual(contents(target), {})
})
