import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { isNdArray, numericElements, PickleError, readPickleFile } from '../../src/pickle/index.ts'
import { unpickle } from '../../src/pickle/unpickle.ts'
import { plainValue } from './plain-value.ts'

const testdata = join(import.meta.dirname, '..', 'testdata', 'sklearn')
const arrays = join(testdata, 'arrays')

for (const file of readdirSync(arrays).filter((name) => name.startsWith('protocol-'))) {
  test(`reads every element type, byte order and shape from ${file}`, async () => {
    const expected: unknown = JSON.parse(readFileSync(join(arrays, 'expected.json'), 'utf8'))
    const { value } = await readPickleFile(join(arrays, file))
    assert.deepEqual(plainValue(value), expected)
  })
}

for (let protocol = 0; protocol <= 5; protocol++) {
  test(`reads Python's own values written with protocol ${protocol}`, async () => {
    const { value } = await readPickleFile(join(arrays, `python-${protocol}.pkl`))
    assert.deepEqual(plainValue(value), {
      int: String(2n ** 70n),
      neg: -(2 ** 40),
      small: -3,
      float: 1e-300,
      none: null,
      list: [1, [2, [3, 'x']]],
      bytes: { bytes: [0, 255] },
      array: { bytes: [97, 98] },
      set: { set: [1] },
      frozen: { set: [2] },
      text: 'é\n\\u0041\'"',
      nan: Number.POSITIVE_INFINITY,
    })
  })
}

test('an aligned array of native numbers is a view of the file, not a copy', () => {
  const bytes = new Uint8Array(readFileSync(join(arrays, 'protocol-5.joblib')))
  const value = unpickle(bytes)
  assert.ok(value instanceof Map)
  const array = value.get('<f8')
  assert.ok(isNdArray(array))
  assert.equal(numericElements(array)?.buffer, bytes.buffer)
})

test('every cut of a file is refused with the byte where it ends', () => {
  const bytes = new Uint8Array(readFileSync(join(testdata, 'formats', 'protocol-4.joblib')))
  unpickle(bytes)
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(
      () => unpickle(bytes.subarray(0, length)),
      (error) => error instanceof PickleError && error.code === 'Truncated' && error.offset <= length,
      `cut to ${length} bytes`,
    )
  }
})
