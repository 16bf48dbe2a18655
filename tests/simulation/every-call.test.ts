import assert from 'node:assert/strict'
import test from 'node:test'
import type { CallFault } from './faulty-transport.ts'
import { type Life, liveInPeace, liveWithCrash, liveWithFault } from './short-life.ts'

const peace = await liveInPeace()

/** What is broken when a life is lived once for each call of the controller in it. */
async function liveForEveryCall(live: (nth: number) => Promise<Life>): Promise<readonly string[]> {
  const broken: string[] = []
  for (let nth = 1; nth <= peace.calls; nth++) {
    const life = await live(nth)
    broken.push(...life.broken.map((promise) => `call ${nth}: ${promise}`))
  }
  return broken
}

test('a life without trouble keeps all promises', () => {
  assert.deepEqual(peace.broken, [])
  assert.ok(peace.calls > 50, `the controller made ${peace.calls} calls only`)
})

const failures: readonly CallFault[] = [
  { kind: 'lost', when: 'after', how: 'reset' },
  { kind: 'refused', status: 500 },
  { kind: 'lost', when: 'after', how: 'silence' },
  { kind: 'refused', status: 409 },
  { kind: 'lost', when: 'before', how: 'reset' },
  { kind: 'refused', status: 429, retryAfterSeconds: 2 },
]

test('whichever call fails, it converges and is silent', async () => {
  const broken = await liveForEveryCall((nth) => {
    const fault = failures[nth % failures.length]
    assert.ok(fault)
    return liveWithFault(nth, fault)
  })
  assert.deepEqual(broken, [])
})

test('wherever the controller dies between two calls, the next one goes on', async () => {
  assert.deepEqual(await liveForEveryCall((nth) => liveWithCrash(nth, 'after')), [])
})
