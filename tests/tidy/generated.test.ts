import assert from 'node:assert/strict'
import test from 'node:test'
import { staleFiles } from '../../scripts/generated-files.ts'

test('what is made from the kinds, and what is installed, is current: if not, run npm run update', async () => {
  assert.deepEqual(await staleFiles(), [])
})
