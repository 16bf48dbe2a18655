import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { applyDefaults, dropNulls } from '../../src/schema/apply-defaults.ts'
import { compileCrdSchema } from '../../src/schema/compile-schema.ts'
import { fieldErrorMessage } from '../../src/schema/field-error.ts'
import { prune, unknownFields } from '../../src/schema/prune.ts'
import type { JsonSchema, Schema } from '../../src/schema/schema.ts'
import { validate } from '../../src/schema/validate.ts'
import { validateListTypes } from '../../src/schema/validate-list-types.ts'
import { objectMeta } from '../recorded.ts'

const compile = (properties: object, more: object = {}): Schema =>
  compileCrdSchema({ type: 'object', properties, ...more } as unknown as JsonSchema, objectMeta())

const text = { type: 'string' }

test('prune drops what the schema does not know, and strict validation names it', () => {
  const schema = compile({
    spec: {
      type: 'object',
      properties: {
        a: text,
        open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { in: { type: 'object' } } },
        list: { type: 'array', items: { type: 'object', properties: { k: text } } },
        map: { type: 'object', additionalProperties: { type: 'object', properties: { k: text } } },
      },
    },
  })
  const spec = { a: '1', b: '2', open: { x: 1, in: { y: 1 } }, list: [{ k: '1', l: 1 }], map: { m: { n: 1 } } }
  const object = { apiVersion: 'a/v1', kind: 'A', metadata: { name: 'n' }, spec, extra: 1 }
  assert.deepEqual(prune(object, schema), {
    apiVersion: 'a/v1',
    kind: 'A',
    metadata: { name: 'n' },
    spec: { a: '1', open: { x: 1, in: {} }, list: [{ k: '1' }], map: { m: {} } },
  })
  const found = ['extra', 'spec.b', 'spec.list[0].l', 'spec.map.m.n', 'spec.open.in.y']
  assert.deepEqual(unknownFields(object, schema).toSorted(), found)
})

test('defaults fill what is absent, and nulls where none may be', () => {
  const schema = compile({
    a: { type: 'string', default: 'x' },
    maybe: { type: 'string', nullable: true, default: 'y' },
    plain: text,
    inner: { type: 'object', default: {}, properties: { n: { type: 'integer', default: 3 } } },
    list: { type: 'array', items: { type: 'object', properties: { p: { type: 'string', default: 'TCP' } } } },
  })
  assert.deepEqual(applyDefaults({}, schema), { a: 'x', maybe: 'y', inner: { n: 3 } })
  const given = { a: null, maybe: null, plain: null, list: [{}] }
  const wanted = { a: 'x', maybe: null, inner: { n: 3 }, list: [{ p: 'TCP' }] }
  assert.deepEqual(applyDefaults(dropNulls(given, schema), schema), wanted)
  assert.deepEqual(given, { a: null, maybe: null, plain: null, list: [{}] }, 'the input stays')
})

describe('values are checked', () => {
  const cases: readonly (readonly [string, object, unknown, readonly string[]])[] = [
    ['type', text, 5, ['v: Invalid value: "integer": v in body must be of type string: "integer"']],
    ['fraction', { type: 'integer' }, 1.5, ['v: Invalid value: "number": v in body must be of type integer: "number"']],
    ['whole number', { type: 'number' }, 3, []],
    [
      'minimum',
      { type: 'integer', minimum: 3 },
      2,
      ['v: Invalid value: 2: v in body should be greater than or equal to 3'],
    ],
    [
      'exclusive maximum',
      { type: 'integer', maximum: 3, exclusiveMaximum: true },
      3,
      ['v: Invalid value: 3: v in body should be less than 3'],
    ],
    ['length', { type: 'string', maxLength: 2 }, 'äöü', ['v: Too long: may not be more than 2 bytes']],
    ['length in characters', { type: 'string', maxLength: 3 }, 'äöü', []],
    ['pattern', { type: 'string', pattern: '^a+$' }, 'b', [`v: Invalid value: "b": v in body should match '^a+$'`]],
    ['enum', { type: 'string', enum: ['a', 'b'] }, 'c', ['v: Unsupported value: "c": supported values: "a", "b"']],
    ['items', { type: 'array', items: text, maxItems: 1 }, ['a', 'b'], ['v: Too many: 2: must have at most 1 item']],
    ['nullable', { type: 'string', nullable: true }, null, []],
    ['int or string', { 'x-kubernetes-int-or-string': true }, '50%', []],
    [
      'no bool for int or string',
      { 'x-kubernetes-int-or-string': true },
      true,
      ['v: Invalid value: "boolean": v in body must be of type integer,string: "boolean"'],
    ],
    [
      'format',
      { type: 'string', format: 'date-time' },
      'soon',
      ['v: Invalid value: "soon": v in body must be of type date-time: "soon"'],
    ],
    ['unknown format', { type: 'string', format: 'nope' }, 'x', []],
    ['required', { type: 'object', required: ['r'], properties: { r: text } }, {}, ['v.r: Required value']],
    [
      'not',
      { type: 'string', not: { enum: ['a'] } },
      'a',
      ['<nil>: Invalid value: "": "v" must not validate the schema (not)'],
    ],
  ]
  for (const [name, schema, value, wanted] of cases) {
    test(name, () => {
      assert.deepEqual(validate({ v: value }, compile({ v: schema })).map(fieldErrorMessage), wanted)
    })
  }

  test('lists of type set and map have no duplicates', () => {
    const schema = compile({
      s: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
      m: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', properties: { k: text } },
      },
    })
    const findings = validateListTypes({ s: ['a', 'b', 'a'], m: [{ k: '1' }, { k: '1', v: 2 }] }, schema)
    const wanted = ['s[2]: Duplicate value: "a"', 'm[1]: Duplicate value: {"k":"1"}']
    assert.deepEqual(findings.map(fieldErrorMessage).toSorted(), wanted.toSorted())
  })

  test('an update is not refused for what it leaves as it was', () => {
    const schema = compile({ a: { type: 'string', maxLength: 2 }, b: { type: 'string', maxLength: 2 } })
    const old = { a: 'long', b: 'ok' }
    assert.deepEqual(validate({ a: 'long', b: 'x' }, schema, { value: old }), [])
    const findings = validate({ a: 'long', b: 'longer' }, schema, { value: old })
    assert.deepEqual(
      findings.map(({ field }) => field),
      ['b'],
    )
  })
})
