import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig, shippedConfig } from '@millrace/api'
import { jsonPlaces } from '../src/config/json-places.ts'

/** The text around the mark `^`, and where that stands. */
function marked(text: string): { readonly text: string; readonly line: number; readonly column: number } {
  const before = text.slice(0, text.indexOf('^')).split('\n')
  return { text: text.replace('^', ''), line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

const mistakes: Readonly<Record<string, RegExp>> = {
  '{\n  "a": ^oops,\n  "b": 1\n}': /a value is expected/,
  '{\n  "a": 1^\n  "b": 2}': /"," or "}" is expected/,
  '{\n  "a": 1^,\n}': /a comma before "}"/,
  '{\n ^a: 1}': /a name in double quotes/,
  '{\n "a": ^\'x\'}': /a value is expected/,
  '{"a" ^1}': /":" is expected/,
  '{"a": [1, 2^}': /"," or "\]" is expected/,
  '{"a": ^"never ends\n}': /does not end in its line/,
  '{"a": ^01}': /a value is expected/,
  '{"a": 1} ^{': /more follows/,
  '{"a":\n^': /ends too early/,
  '^': /ends too early/,
}

test('the first mistake is found where it stands, and told', () => {
  for (const [mark, message] of Object.entries(mistakes)) {
    const { text, line, column } = marked(mark)
    assert.throws(() => JSON.parse(text), SyntaxError, text)
    const { mistake } = jsonPlaces(text)
    assert.deepEqual([mistake?.line, mistake?.column], [line, column], text)
    assert.match(mistake?.message ?? '', message, text)
  }
})

test('what JSON.parse takes has no mistake, and what it refuses has one', () => {
  const texts = [
    ...Object.values(shippedConfig),
    '[]',
    ' 1e5 ',
    '"\\u00e9"',
    '{"a":[{},[null,true,-0.5]]}',
    'nul',
    '[1,]',
  ]
  const whole = shippedConfig['ingress'] ?? ''
  for (let end = 0; end < whole.length; end++)
    texts.push(whole.slice(0, end), whole.slice(0, end) + whole.slice(end + 1))
  for (const text of texts) {
    let isJson = true
    try {
      JSON.parse(text)
    } catch {
      isJson = false
    }
    assert.equal(jsonPlaces(text).mistake === undefined, isJson, text)
  }
})

test('a field is found by its path, not by a text that looks like it', () => {
  const text = '{\n  "note": "image",\n  "other": {"image": 1},\n  "Image": "i",\n  "list": [\n    {"image": 2}\n  ]\n}'
  const { placeOf } = jsonPlaces(text)
  assert.deepEqual(placeOf(['image']), { line: 4, column: 3 })
  assert.deepEqual(placeOf(['other', 'image']), { line: 3, column: 13 })
  assert.deepEqual(placeOf(['list', 0, 'image']), { line: 6, column: 6 })
  assert.deepEqual(placeOf(['list', 0, 'nothing']), { line: 6, column: 5 })
  assert.deepEqual(placeOf([]), { line: 1, column: 1 })
})

test('a finding carries its place in the text of its key', () => {
  const { findings } = parseConfig({
    ingress: '{\n  "urlScheme": "enableGatewayApi",\n  "enableGatewayApi": "maybe"\n}',
    agent: '{\n  "image": oops\n}',
    nonsense: '{}',
  })
  assert.deepEqual(
    findings.map(({ path, place }) => [path, place]),
    [
      ['data.nonsense', undefined],
      ['data.ingress.enableGatewayApi', { line: 3, column: 3 }],
      ['data.agent', { line: 2, column: 12 }],
    ],
  )
})
