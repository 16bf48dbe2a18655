import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantityValue } from '@millrace/kube'

test('reads quantities', () => {
  const cases: [string | number, number | undefined][] = [
    ['500m', 0.5],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['2e3', 2000],
    ['128974848', 128_974_848],
    [4, 4],
    ['1k', 1000],
    ['', undefined],
    ['1Xi', undefined],
    ['Mi', undefined],
  ]
  for (const [text, expected] of cases) assert.equal(quantityValue(text), expected)
})
