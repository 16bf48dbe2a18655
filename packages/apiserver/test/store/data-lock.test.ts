import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { acquireDataLock } from '../../src/store/data-lock.ts'
import { StoreError } from '../../src/store/store.ts'
import { scratchDirectory } from './scratch.ts'

const inUseBy = (pid: number) => (error: unknown) =>
  error instanceof StoreError && error.code === 'DataDirectoryInUse' && error.message.includes(`process ${pid}`)

describe('data directory lock', () => {
  test('refuses a second holder and names the first', (t) => {
    const directory = scratchDirectory(t)
    const lock = acquireDataLock(directory)
    assert.throws(() => acquireDataLock(directory), inUseBy(process.pid))
    lock.release()
    acquireDataLock(directory).release()
    assert.deepEqual(readdirSync(directory), [])
  })

  test('refuses while another process holds it, and takes it over once that was killed', async (t) => {
    const directory = scratchDirectory(t)
    const program = join(import.meta.dirname, 'testdata', 'lock-holder.ts')
    const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => child.kill('SIGKILL'))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    assert.throws(() => acquireDataLock(directory), inUseBy(child.pid ?? 0))
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
    acquireDataLock(directory).release()
  })

  test('takes over from a dead process whose pid lives again as another one', {
    skip: process.platform !== 'linux',
  }, (t) => {
    const directory = scratchDirectory(t)
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: process.ppid, startTime: '1', token: 'old' }))
    acquireDataLock(directory).release()
  })

  test('takes over from a lock that a crash left empty', (t) => {
    const directory = scratchDirectory(t)
    writeFileSync(join(directory, 'lock'), '')
    acquireDataLock(directory).release()
  })
})
