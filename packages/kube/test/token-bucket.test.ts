import assert from 'node:assert/strict'
import test from 'node:test'
import { createVirtualClock } from '@millrace/testkit'
import { createTokenBucket } from '../src/token-bucket.ts'

test('lets a burst go at once, then so many a second, in the order in which they came', async () => {
  const clock = createVirtualClock()
  const bucket = createTokenBucket({ perSecond: 10, burst: 3, clock })
  const began = clock.now()
  const went: [number, number][] = []
  for (let index = 0; index < 8; index++) void bucket.take().then(() => went.push([index, clock.now() - began]))
  await clock.advance(1_000)
  assert.deepEqual(went, [
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 100],
    [4, 200],
    [5, 300],
    [6, 400],
    [7, 500],
  ])
})

test('whoever gives up gives the turn back', async () => {
  const clock = createVirtualClock()
  const bucket = createTokenBucket({ perSecond: 1, burst: 1, clock })
  await bucket.take()
  const abort = new AbortController()
  const waiting = bucket.take(abort.signal)
  abort.abort()
  await waiting
  const began = clock.now()
  let went: number | undefined
  void bucket.take().then(() => (went = clock.now() - began))
  await clock.advance(5_000)
  assert.equal(went, 1_000)
})
