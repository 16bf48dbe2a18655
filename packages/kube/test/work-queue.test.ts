import assert from 'node:assert/strict'
import test from 'node:test'
import { createVirtualClock } from '@millrace/testkit'
import { createWorkQueue, KubeError, type WorkQueueOptions } from '../src/index.ts'

function queueOf(process: WorkQueueOptions['process'], options: Partial<WorkQueueOptions> = {}) {
  const clock = createVirtualClock()
  const queue = createWorkQueue({
    name: 'test',
    process,
    clock,
    random: () => 0,
    retryFirstMs: 100,
    retryMaxMs: 1000,
    ...options,
  })
  return { clock, queue }
}

test('a name that is added many times while it waits is worked on once', async () => {
  const runs: string[] = []
  const { queue } = queueOf(async (key) => void runs.push(key))
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
  assert.equal(queue.depth, 2)
  queue.start()
  await queue.idle()
  assert.deepEqual(runs, ['a', 'b'])
})

test('a name that is added while it is worked on comes once more, never twice at a time', async () => {
  let active = 0
  let runs = 0
  const gate = Promise.withResolvers<void>()
  const { queue } = queueOf(async () => {
    assert.equal(++active, 1)
    runs += 1
    if (runs === 1) await gate.promise
    active -= 1
  })
  queue.start()
  queue.add('a')
  queue.add('a')
  queue.add('a')
  gate.resolve()
  await queue.idle()
  assert.equal(runs, 2)
})

test('names of low priority wait for the others, but not for ever', async () => {
  const runs: string[] = []
  const { queue } = queueOf(async (key) => void runs.push(key), { workers: 1 })
  for (const key of ['low-1', 'low-2', 'moved']) queue.add(key, 'low')
  for (let index = 0; index < 9; index++) queue.add(`normal-${index}`)
  queue.add('moved')
  queue.add('normal-0', 'low')
  assert.equal(queue.depth, 12)
  assert.equal(queue.pressing, 10)
  queue.start()
  await queue.idle()
  const normal = Array.from({ length: 9 }, (_, index) => `normal-${index}`)
  assert.deepEqual(runs, [...normal.slice(0, 7), 'low-1', ...normal.slice(7), 'moved', 'low-2'])
})

test('what is left unfinished comes again, after the others', async () => {
  const runs: string[] = []
  const process = async (key: string) => {
    runs.push(key)
    return { isUnfinished: key === 'a' && runs.length === 1 }
  }
  const { queue } = queueOf(process, { workers: 1 })
  for (const key of ['a', 'b', 'c']) queue.add(key)
  queue.start()
  await queue.idle()
  assert.deepEqual(runs, ['a', 'b', 'c', 'a'])
})

test('works on as many names at a time as it has workers', async () => {
  let active = 0
  let most = 0
  const { queue } = queueOf(
    async () => {
      most = Math.max(most, ++active)
      await new Promise((resolve) => setImmediate(resolve))
      active -= 1
    },
    { workers: 3 },
  )
  for (let index = 0; index < 20; index++) queue.add(String(index))
  queue.start()
  await queue.idle()
  assert.equal(most, 3)
})

test('what fails comes again, later each time up to the bound, and success forgets', async () => {
  const starts: number[] = []
  let failing = true
  const { clock, queue } = queueOf(async () => {
    starts.push(clock.now())
    if (failing) throw new Error('no')
  })
  queue.start()
  queue.add('a')
  await clock.advance(5_000)
  const waits = starts.slice(1).map((at, index) => at - (starts[index] ?? 0))
  assert.deepEqual(waits.slice(0, 6), [100, 200, 400, 800, 1000, 1000])
  failing = false
  await clock.advance(1_000)
  failing = true
  const before = starts.length
  queue.add('a')
  await clock.advance(100)
  assert.deepEqual(
    starts.slice(before).map((at) => at - (starts[before] ?? 0)),
    [0, 100],
  )
})

test("a server's wish to wait longer is heard", async () => {
  const starts: number[] = []
  const { clock, queue } = queueOf(async () => {
    starts.push(clock.now())
    throw new KubeError({ code: 'TooManyRequests', message: 'later', retryAfterMs: 700 })
  })
  queue.start()
  queue.add('a')
  await clock.advance(700)
  assert.equal((starts[1] ?? 0) - (starts[0] ?? 0), 700)
})

test('a delayed name comes at the earliest of its times, and a plain add overtakes it', async () => {
  const starts: number[] = []
  const { clock, queue } = queueOf(async () => void starts.push(clock.now()))
  queue.start()
  const begin = clock.now()
  queue.addAfter('a', 500)
  queue.addAfter('a', 200)
  queue.addAfter('a', 900)
  await clock.advance(1000)
  assert.deepEqual(
    starts.map((at) => at - begin),
    [200],
  )
  queue.addAfter('a', 500)
  queue.add('a')
  await clock.advance(1000)
  assert.deepEqual(
    starts.map((at) => at - begin),
    [200, 1000],
  )
})

test('a run may ask to be repeated', async () => {
  let runs = 0
  const { clock, queue } = queueOf(async () => {
    runs += 1
    return runs < 3 ? { requeueAfterMs: 50 } : undefined
  })
  queue.start()
  queue.add('a')
  await clock.advance(1000)
  assert.equal(runs, 3)
})

test('closing waits for those who work, tells them, and starts nobody', async () => {
  let ended = false
  const { clock, queue } = queueOf(async (_, signal) => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    ended = true
    throw new Error('interrupted')
  })
  queue.start()
  queue.add('a')
  queue.addAfter('b', 10)
  await queue.close()
  assert.equal(ended, true)
  queue.add('c')
  await clock.advance(1000)
  assert.equal(queue.depth, 0)
  assert.equal(clock.pending, 0)
})

test('metrics tell what happened', async () => {
  const told: string[] = []
  const { clock, queue } = queueOf(
    async (key) => {
      if (key === 'bad') throw new Error('no')
    },
    {
      workers: 1,
      metrics: {
        depth: (waiting) => told.push(`depth ${waiting}`),
        added: () => told.push('added'),
        retried: () => told.push('retried'),
        waited: (seconds) => told.push(`waited ${seconds}`),
        worked: (seconds, result) => told.push(`worked ${seconds} ${result}`),
        panicked: () => told.push('panicked'),
        active: () => {},
      },
    },
  )
  queue.add('good')
  queue.add('bad')
  await clock.advance(2000)
  queue.start()
  await queue.idle()
  assert.deepEqual(told, [
    'added',
    'depth 1',
    'added',
    'depth 2',
    'depth 1',
    'waited 2',
    'worked 0 success',
    'depth 0',
    'waited 2',
    'panicked',
    'retried',
    'worked 0 error',
  ])
  await queue.close()
})
