import assert from 'node:assert/strict'
import { test } from 'node:test'
import { staleFiles } from '../scripts/update.ts'

test('what is made from the kinds is current: if not, run npm run update', async () => {
  assert.deepEqual(await staleFiles(), [])
})
