import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatCheck } from '../../src/schema/formats.ts'
import { jsonDepthMax, parseJsonStrict } from '../../src/schema/parse-json.ts'
import { canonicalQuantity, parseQuantity } from '../../src/schema/quantity.ts'
import { compileRegexp, type Regexp } from '../../src/schema/regexp-matcher.ts'

describe('JSON', () => {
  test('duplicate keys are found with their path', () => {
    const parsed = parseJsonStrict(
      '{"a":1,"b":{"c":[{"d":1,"d":2}]},"a":{"x":1},"\\u0061":3,"t":"{\\"q\\":1,\\"q\\":2}"}',
    )
    assert.ok(parsed.ok)
    assert.deepEqual(parsed.duplicates, ['b.c[0].d', 'a', 'a'])
    assert.deepEqual(parsed.value, { a: 3, b: { c: [{ d: 2 }] }, t: '{"q":1,"q":2}' })
  })

  test('depth is bounded', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    assert.equal(parseJsonStrict(nested(jsonDepthMax)).ok, true)
    assert.equal(parseJsonStrict(nested(jsonDepthMax + 1)).ok, false)
    assert.equal(parseJsonStrict('['.repeat(1_000_000)).ok, false)
  })

  for (const broken of [
    '',
    '{',
    '{"a":}',
    '{"a":1,}',
    '{"__proto__":{}}',
    '{"a\\u005f_proto__":1',
    'nul',
    '"',
    '[1 2]',
  ]) {
    test(`refuses ${broken}`, () => assert.equal(parseJsonStrict(broken).ok, false))
  }
})

describe('quantities', () => {
  const forms: readonly (readonly [unknown, string | undefined])[] = [
    ['1000m', '1'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['0.5', '500m'],
    [2, '2'],
    ['1e3', '1e3'],
    ['1E', '1E'],
    ['100000', '100k'],
    ['-1', '-1'],
    ['1.0', '1'],
    ['.5Ki', '512'],
    ['0.0000000001', '1n'],
    ['1.1.1', undefined],
    ['1 Gi', undefined],
    ['Gi', undefined],
    ['', undefined],
    [true, undefined],
  ]
  for (const [given, wanted] of forms) {
    test(JSON.stringify(given), () => assert.equal(canonicalQuantity(given), wanted))
  }

  test('long texts are refused without work', () => assert.equal(parseQuantity('9'.repeat(100_000)), undefined))
})

function regexp(pattern: string): Regexp {
  const compiled = compileRegexp(pattern)
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.message)
  return compiled.regexp
}

describe('regular expressions', () => {
  const matches: readonly (readonly [string, string, boolean])[] = [
    ['^a+$', 'aaa', true],
    ['^a+$', 'aaa\n', false],
    ['b|c', 'xcx', true],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'a-b-9', true],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'a-', false],
    ['^\\d{2,3}$', '1234', false],
    ['(?i)^ABC$', 'abc', true],
    ['^[[:alpha:]]+$', 'abcX', true],
    ['^\\p{Lu}$', 'Ä', true],
    ['^.$', '😀', true],
    ['^(a|b)*?c$', 'ababc', true],
    ['\\bfoo\\b', 'a foo b', true],
    ['^[^/]+$', 'a/b', false],
    ['\\Aa\\z', 'a', true],
    ['^$', '', true],
  ]
  for (const [pattern, input, wanted] of matches) {
    test(`${pattern} ${JSON.stringify(input)}`, () => assert.equal(regexp(pattern).test(input), wanted))
  }

  for (const pattern of ['(', 'a**', '[z-a]', '(?=a)', '(?<!a)', '\\1', 'a{1001}', '\\8', '[[:nope:]]']) {
    test(`refuses ${pattern}`, () => assert.equal(compileRegexp(pattern).ok, false))
  }

  test('what makes backtracking engines hang takes linear time', () => {
    const start = performance.now()
    for (const pattern of ['^(a+)+$', '^(a|aa)+$', '^(a*)*b$', '(x+x+)+y']) {
      assert.equal(regexp(pattern).test(`${'a'.repeat(5000)}!`), false)
    }
    assert.ok(performance.now() - start < 2000)
  })
})

describe('formats', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['date-time', '2026-01-01T00:00:00Z', true],
    ['date-time', '2026-13-01T00:00:00Z', false],
    ['date', '2026-02-30', false],
    ['ipv4', '10.0.0.1', true],
    ['ipv4', '10.0.0.256', false],
    ['ipv6', '::1', true],
    ['cidr', '10.0.0.0/8', true],
    ['cidr', '10.0.0.0', false],
    ['uuid', '0b5a0c70-3c5e-4d6b-8a8e-5d0d3c8e4c11', true],
    ['uuid', 'x', false],
    ['duration', '1h30m', true],
    ['byte', 'aGk=', true],
    ['byte', 'a', false],
    ['uri', 'http://a.b/c', true],
    ['hostname', 'a-b.example', true],
    ['email', 'a@b.example', true],
    ['email', 'a', false],
  ]
  for (const [format, input, wanted] of cases) {
    test(`${format} ${input}`, () => assert.equal(formatCheck(format)?.(input), wanted))
  }
})
