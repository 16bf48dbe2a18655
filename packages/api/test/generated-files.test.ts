import assert from 'node:assert/strict'
import { test } from 'node:test'
import { staleFiles } from '../scripts/update.ts'

test('deploy/crds and deploy/schema are current: if not, run npm run update', async () => {
  assert.deepEqual(await staleFiles(), [])
})
