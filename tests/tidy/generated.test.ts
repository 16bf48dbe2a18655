import assert from 'node:assert/strict'
import test from 'node:test'
import { staleFiles } from '../../deploy/source/update.ts'

test('what is installed is current: if not, run npm run update', async () => {
  assert.deepEqual(await staleFiles(), [])
})
