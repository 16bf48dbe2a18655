import assert from 'node:assert/strict'
import test from 'node:test'
import { simulate } from './simulate.ts'

const noTrouble = { calls: 0, watches: 0, outages: 0 }

for (const seed of [1]) {
  test(`all promises are kept in peace (seed ${seed})`, async () => {
    assert.deepEqual((await simulate({ seed, rates: noTrouble })).broken, [])
  })
}

for (const seed of [3, 4, 5, 7]) {
  test(`all promises are kept in trouble (seed ${seed})`, async () => {
    assert.deepEqual((await simulate({ seed })).broken, [])
  })
}

test('the same seed gives the same run, and another seed another', async () => {
  const digestOf = async (seed: number): Promise<string> => (await simulate({ seed, actions: 12 })).digest
  const first = await digestOf(9)
  assert.equal(await digestOf(9), first)
  assert.notEqual(await digestOf(10), first)
})
