import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { load } from '../src/xgboost/load.ts'
import { assertClose, folder, readCase, readRows } from './cases.ts'

for (const name of readdirSync(folder('xgboost')).filter((file) => file.endsWith('.json'))) {
  const it = readCase('xgboost', name)
  test(`predicts as XGBoost does: ${it.name}`, async () => {
    const model = await load(it.model)
    const [output] = await model.predict(readRows(it.inputs))
    assert.ok(output)
    assert.deepEqual(output.shape, it.shape)
    assertClose([...output.data].map(Number), it.expected)
  })
}
