import assert from 'node:assert/strict'
import { test } from 'node:test'
import { difference, intersection, isEmptySet, union } from '../../src/fields/field-set.ts'
import { decodeFieldSet, encodeFieldSet } from '../../src/fields/fields-v1.ts'

const fields = {
  'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
  'f:spec': {
    'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } },
    'f:finalizers': { 'v:"a/b"': {}, 'v:3': {}, 'i:0': {} },
    'f:replicas': {},
  },
}

function decoded(text: unknown) {
  const set = decodeFieldSet(text)
  assert.ok(set)
  return set
}

test('FieldsV1 is read and written back', () => {
  assert.deepEqual(encodeFieldSet(decoded(fields)), fields)
})

test('what is no FieldsV1 is refused', () => {
  assert.equal(decodeFieldSet({ 'x:spec': {} }), undefined)
  assert.equal(decodeFieldSet({ 'k:{"name"': {} }), undefined)
  assert.equal(decodeFieldSet('text'), undefined)
})

test('sets are united, cut and subtracted member by member', () => {
  const a = decoded({ 'f:a': { '.': {}, 'f:x': {} }, 'f:b': {} })
  const b = decoded({ 'f:a': { 'f:x': {}, 'f:y': {} } })
  assert.deepEqual(encodeFieldSet(union(a, b)), { 'f:a': { '.': {}, 'f:x': {}, 'f:y': {} }, 'f:b': {} })
  assert.deepEqual(encodeFieldSet(intersection(a, b)), { 'f:a': { 'f:x': {} } })
  assert.deepEqual(encodeFieldSet(difference(a, b)), { 'f:a': {}, 'f:b': {} })
  assert.ok(isEmptySet(difference(a, a)))
})
