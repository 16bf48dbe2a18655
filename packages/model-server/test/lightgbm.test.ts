import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { load } from '../src/lightgbm/load.ts'
import { assertClose, folder, readCase, readRows } from './cases.ts'

for (const name of readdirSync(folder('lightgbm')).filter((file) => file.endsWith('.json'))) {
  const it = readCase('lightgbm', name)
  test(`predicts as LightGBM does, many rows at once or one: ${it.name}`, async () => {
    const model = await load(it.model)
    const [output] = await model.predict(readRows(it.inputs))
    assert.ok(output)
    assert.deepEqual(output.shape, it.shape)
    assertClose([...output.data].map(Number), it.expected)
    const each = await Promise.all(it.inputs.map(async (row) => (await model.predict(readRows([row])))[0]?.data ?? []))
    assert.deepEqual(
      each.flatMap((data) => Array.from(data as ArrayLike<number>)),
      [...output.data],
    )
  })
}
