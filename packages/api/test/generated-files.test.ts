import assert from 'node:assert/strict'
import { test } from 'node:test'
import { staleFiles } from '../scripts/update.ts'

test('deploy/schema is current: if not, run npm run update', async () => {
  assert.deepEqual(await staleFiles(), [])
})
