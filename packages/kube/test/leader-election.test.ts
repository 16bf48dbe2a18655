import assert from 'node:assert/strict'
import test from 'node:test'
import { createVirtualClock } from '@millrace/testkit'
import { KubeError, startLeaderElection } from '../src/index.ts'
import { createMemoryClient } from './memory-client.ts'

function contest() {
  let fail: (who: string) => void = () => {}
  const clock = createVirtualClock()
  const memory = createMemoryClient()
  const told: string[] = []
  const lines: string[] = []
  const write = (message: string) => void lines.push(message)
  const log = { debug: write, info: write, warn: write, error: write }
  const contend = (identity: string, skewMs: () => number = () => 0) => {
    const ownClock = { ...clock, now: () => clock.now() + skewMs() }
    const own = createMemoryClient()
    // Each contender reaches the same store through calls of its own, which may fail on their own.
    const through =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A) => {
        fail(identity)
        return call(...args)
      }
    const client = {
      ...own.client,
      get: through(memory.client.get),
      create: through(memory.client.create),
      replace: through(memory.client.replace),
    } as typeof memory.client
    return startLeaderElection({
      client,
      namespace: 'system',
      name: 'lock',
      identity,
      clock: ownClock,
      random: () => 0,
      log,
      lead: async () => {
        told.push(`${identity} leads`)
        return async () => void told.push(`${identity} stops`)
      },
    })
  }
  const lease = () =>
    memory.objects.get('leases system/lock')?.['spec'] as
      | { holderIdentity: string; leaseTransitions: number }
      | undefined
  return {
    clock,
    told,
    lines,
    contend,
    lease,
    failFor: (identity: string) =>
      (fail = (who) => {
        if (who === identity) throw new KubeError({ code: 'Unreachable', message: 'cut' })
      }),
    heal: () => (fail = () => {}),
  }
}

test('one leads; the other leads at once when the first closes', async () => {
  const { clock, told, contend, lease } = contest()
  const a = contend('a')
  await clock.advance(10)
  const b = contend('b')
  await clock.advance(60_000)
  assert.deepEqual([a.isLeader, b.isLeader, b.holder], [true, false, 'a'])
  const closing = a.close()
  await clock.advance(2_500)
  await closing
  assert.deepEqual(told, ['a leads', 'a stops', 'b leads'])
  assert.equal(lease()?.leaseTransitions, 1)
  const end = b.close()
  await clock.advance(1)
  await end
  assert.equal(lease()?.holderIdentity, '')
})

test('who is cut off stops before anybody else begins, and contends again when healed', async () => {
  const { clock, told, contend, failFor, heal } = contest()
  const a = contend('a')
  await clock.advance(10)
  const b = contend('b')
  await clock.advance(10_000)
  failFor('a')
  await clock.advance(12_000)
  assert.deepEqual(told, ['a leads', 'a stops'])
  await clock.advance(10_000)
  assert.deepEqual(told, ['a leads', 'a stops', 'b leads'])
  heal()
  await clock.advance(30_000)
  assert.deepEqual([a.isLeader, b.isLeader], [false, true])
  const closing = Promise.all([a.close(), b.close()])
  await clock.advance(10)
  await closing
})

test('a server that is away is told of once, and once when it is back', async () => {
  const { clock, lines, contend, failFor, heal } = contest()
  const only = contend('only')
  await clock.advance(5_000)
  failFor('only')
  await clock.advance(3_600_000)
  heal()
  await clock.advance(5_000)
  const ofLease = lines.filter((line) => line.startsWith('The lease'))
  assert.deepEqual(ofLease, ['The lease could not be read or written', 'The lease can be read and written again'])
  const closing = only.close()
  await clock.advance(5_000)
  await closing
})

test("another's clock does not matter: hours of difference neither steal nor block a lease", async () => {
  const { clock, told, contend, failFor } = contest()
  const a = contend('a', () => -5 * 3_600_000)
  await clock.advance(10)
  const b = contend('b', () => 7 * 3_600_000)
  await clock.advance(60_000)
  assert.deepEqual(told, ['a leads'])
  failFor('a')
  await clock.advance(30_000)
  assert.deepEqual(told, ['a leads', 'a stops', 'b leads'])
  const closing = Promise.all([a.close(), b.close()])
  await clock.advance(10)
  await closing
})

test('the same identity, started again, leads without waiting', async () => {
  const { clock, told, contend, failFor, heal } = contest()
  const first = contend('a')
  await clock.advance(10)
  failFor('a') // killed: nothing is given back
  const ending = first.close()
  await clock.advance(10)
  await ending
  heal()
  const second = contend('a')
  await clock.advance(10)
  assert.deepEqual(told, ['a leads', 'a stops', 'a leads'])
  const closing = second.close()
  await clock.advance(10)
  await closing
})

test('a clock that jumps takes the lead from nobody, and nobody loses it', async () => {
  const { clock, told, contend } = contest()
  let leaderMs = 0
  let otherMs = 0
  const a = contend('a', () => leaderMs)
  await clock.advance(1)
  const b = contend('b', () => otherMs)
  await clock.advance(5_000)
  for (const jumpMs of [3_600_000, -7_200_000]) {
    leaderMs += jumpMs
    await clock.advance(20_000)
    otherMs += jumpMs
    await clock.advance(20_000)
  }
  assert.deepEqual(told, ['a leads'])
  await a.close()
  await b.close()
})
