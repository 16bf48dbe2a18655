import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openDurableStore } from '../../src/store/durable-store.ts'
import { StoreError } from '../../src/store/store.ts'
import { createFaultyFileSystem } from './faulty-file-system.ts'
import { contents, put, remove, scratchDirectory } from './scratch.ts'

function logNames(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith('log-'))
}

function copyDirectory(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from).filter((name) => name !== 'lock')) {
    try {
      copyFileSync(join(from, name), join(to, name))
    } catch (error) {
      // A snapshot that could not be finished is removed in its own time: a crash may come before or after that.
      if (!name.endsWith('.tmp') || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** Writes that cover puts, overwrites and deletes, with the state after each. */
async function writeHistory(directory: string): Promise<readonly Record<string, string>[]> {
  const store = await openDurableStore({ directory })
  const states = [contents(store)]
  for (const operation of [put('a', '1'), put('b', '2'), put('a', '3'), remove('b'), put('c', '4')]) {
    await store.commit([operation])
    states.push(contents(store))
  }
  await store.close()
  return states
}

describe('a torn log', () => {
  test('cut at any byte gives a state that was once durable, and goes on from there', async (t) => {
    const directory = scratchDirectory(t)
    const states = (await writeHistory(directory)).map((state) => JSON.stringify(state))
    const [name = ''] = logNames(directory)
    const bytes = readFileSync(join(directory, name))
    let latest = 0
    for (let length = 0; length <= bytes.length; length++) {
      const torn = join(directory, `torn-${length}`)
      mkdirSync(torn)
      writeFileSync(join(torn, name), bytes.subarray(0, length))
      const store = await openDurableStore({ directory: torn })
      const found = states.indexOf(JSON.stringify(contents(store)))
      assert.equal(found, store.revision, `cut at ${length}: the state belongs to its revision`)
      assert.ok(found >= latest, `cut at ${length}: more bytes never mean less`)
      latest = found
      await store.commit([put('after', 'x')])
      await store.close()
    }
    assert.equal(latest, states.length - 1)
  })

  test('with rubbish in the torn tail gives the last durable state', async (t) => {
    const directory = scratchDirectory(t)
    const states = await writeHistory(directory)
    const [name = ''] = logNames(directory)
    const bytes = readFileSync(join(directory, name))
    writeFileSync(join(directory, name), Buffer.concat([bytes, Buffer.alloc(100, 0xab)]))
    const store = await openDurableStore({ directory })
    assert.deepEqual(contents(store), states.at(-1))
    await store.close()
  })

  test('damaged before writes that were acknowledged is refused, not silently cut', async (t) => {
    const directory = scratchDirectory(t)
    await writeHistory(directory)
    const [name = ''] = logNames(directory)
    const bytes = readFileSync(join(directory, name))
    const refusals = new Set<string>()
    for (let at = 0; at < bytes.length; at++) {
      const damaged = join(directory, `damaged-${at}`)
      mkdirSync(damaged)
      const copy = Buffer.from(bytes)
      copy[at] = (copy[at] ?? 0) ^ 0x55
      writeFileSync(join(damaged, name), copy)
      const outcome = await openDurableStore({ directory: damaged }).then(
        async (store) => {
          const { revision } = store
          await store.close()
          return revision
        },
        (error: unknown) => (error instanceof StoreError ? error.code : String(error)),
      )
      refusals.add(String(outcome))
    }
    // Only damage in the last frame looks like a torn tail: the write before it is the last one then.
    assert.deepEqual([...refusals].sort(), ['4', 'Corrupt'])
  })

  test('with a file missing in the middle is refused', async (t) => {
    const directory = scratchDirectory(t)
    for (let n = 0; n < 3; n++) {
      const store = await openDurableStore({ directory })
      await store.commit([put('a', String(n))])
      await store.close()
    }
    const partial = join(directory, 'partial')
    copyDirectoryWithout(directory, partial, logNames(directory)[1] ?? '')
    const isCorrupt = (error: unknown) => error instanceof StoreError && error.code === 'Corrupt'
    await assert.rejects(openDurableStore({ directory: partial }), isCorrupt)
  })
})

function copyDirectoryWithout(from: string, to: string, missing: string): void {
  mkdirSync(to)
  for (const name of logNames(from)) if (name !== missing) copyFileSync(join(from, name), join(to, name))
}

const faults = [
  { code: 'ENOSPC', lasting: false, partial: false },
  { code: 'ENOSPC', lasting: false, partial: true },
  { code: 'ENOSPC', lasting: true, partial: true },
  { code: 'EIO', lasting: true, partial: false },
] as const

describe('a disk that fails', () => {
  for (const fault of faults) {
    const title = `${fault.code} ${fault.lasting ? 'from the Nth call on' : 'at the Nth call'}${fault.partial ? ', half written' : ''}`
    test(`${title}: what was acknowledged stays, what was refused is not seen, writes go on when it heals`, async (t) => {
      const root = scratchDirectory(t)
      for (let n = 1; ; n++) {
        const directory = join(root, String(n))
        const faulty = createFaultyFileSystem()
        const store = await openDurableStore({ directory, fileSystem: faulty, compactAfterBytes: 600 })
        faulty.failNth(n, fault)
        const before = faulty.calls
        const acknowledged: Record<string, string> = {}
        let failures = 0
        for (let k = 0; k < 12; k++) {
          try {
            await store.commit([put(`k${k}`, 'v'.repeat(100), 0)])
            acknowledged[`k${k}`] = 'v'.repeat(100)
          } catch (error) {
            assert.ok(error instanceof StoreError && error.code === 'Unavailable', String(error))
            failures++
          }
          assert.deepEqual(contents(store), acknowledged, 'readable and consistent while it fails')
        }
        const madeCalls = faulty.calls - before
        faulty.heal()
        await store.commit([put('healed', 'yes', 0)])
        acknowledged['healed'] = 'yes'
        const { revision } = store
        await store.close()
        const again = await openDurableStore({ directory })
        assert.deepEqual(contents(again), acknowledged, `fault at call ${n}`)
        assert.equal(again.revision, revision)
        await again.close()
        if (n > madeCalls) {
          assert.equal(failures, 0, 'the last round had no fault')
          break
        }
      }
    })

    test(`${title}: the files at the moment of the fault open to all that was acknowledged`, async (t) => {
      const root = scratchDirectory(t)
      for (let n = 1; n <= 24; n++) {
        const directory = join(root, `live-${n}`)
        const faulty = createFaultyFileSystem()
        const store = await openDurableStore({ directory, fileSystem: faulty, compactAfterBytes: 600 })
        faulty.failNth(n, fault)
        const acknowledged: Record<string, string> = {}
        for (let k = 0; k < 8; k++) {
          const value = 'v'.repeat(100)
          await store.commit([put(`k${k}`, value, 0)]).then(
            () => void (acknowledged[`k${k}`] = value),
            () => undefined,
          )
        }
        const crashed = join(root, `crashed-${n}`)
        copyDirectory(directory, crashed)
        await store.close()
        const again = await openDurableStore({ directory: crashed })
        const found = contents(again)
        for (const [key, value] of Object.entries(acknowledged)) assert.equal(found[key], value, `fault ${n}: ${key}`)
        await again.close()
      }
    })
  }
})

describe('kill -9', () => {
  test('in the middle of writing loses nothing that was acknowledged', { timeout: 60_000 }, async (t) => {
    const directory = scratchDirectory(t)
    const program = join(import.meta.dirname, 'testdata', 'endless-writer.ts')
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, [program, directory, String(round)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      const { promise: exited, resolve } = Promise.withResolvers<void>()
      child.on('close', () => resolve())
      child.stdout.on('data', (chunk) => {
        output += String(chunk)
        if (output.split('\n').length > 400) child.kill('SIGKILL')
      })
      await exited
      const acknowledged = output.slice(0, output.lastIndexOf('\n')).split('\n')
      const store = await openDurableStore({ directory })
      const found = contents(store)
      for (const line of acknowledged) {
        const [key = '', value = ''] = line.split(' ')
        assert.ok(Number(found[key] ?? -1) >= Number(value), `${key} was acknowledged at ${value}, found ${found[key]}`)
      }
      assert.ok(acknowledged.length > 300)
      await store.close()
    }
  })
})
