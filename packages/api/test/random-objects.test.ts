import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Finding, formatFinding, group, kinds, type KindSource, validateObject } from '@millrace/api'
import { changeSomething, randomValue, seededRandom } from './random-object.ts'

const objectsPerKind = 200
const seed = 20_260_131

function randomObjectOf(source: KindSource, random: () => number, index: number): unknown {
  const version = source.versions[0]
  assert.ok(version)
  const fields = Object.entries(version.fields).map(([name, schema]) => [name, randomValue(schema, random)])
  const metadata = { name: `o${index}`, ...(source.namespaced ? { namespace: 'default' } : {}) }
  return { apiVersion: `${group}/${version.name}`, kind: source.kind, metadata, ...Object.fromEntries(fields) }
}

function errorsOf(kind: string, value: unknown): readonly Finding[] {
  return validateObject(kind, value).filter(({ severity }) => severity === 'error')
}

describe('objects made from the schema by chance', () => {
  test('are accepted, and refused with the place when a field is added that nobody knows', () => {
    const random = seededRandom(seed)
    for (const source of kinds) {
      for (let index = 0; index < objectsPerKind; index++) {
        const value = randomObjectOf(source, random, index)
        assert.deepEqual(errorsOf(source.kind, value).map(formatFinding), [], `${source.kind} ${index}`)
        const { spec } = value as { spec: Record<string, unknown> }
        const extended = { ...(value as object), spec: { ...spec, zzUnknown: 1 } }
        assert.deepEqual(
          errorsOf(source.kind, extended).map(({ rule, path }) => `${rule} ${path}`),
          ['unknown-field spec.zzUnknown'],
        )
      }
    }
  })

  test('are never answered with an exception or an empty message, whatever is changed in them', () => {
    const random = seededRandom(seed + 1)
    let refused = 0
    for (const source of kinds) {
      for (let index = 0; index < objectsPerKind; index++) {
        const { value } = changeSomething(randomObjectOf(source, random, index), ['spec'], random)
        const errors = errorsOf(source.kind, value)
        refused += errors.length > 0 ? 1 : 0
        for (const { path, message } of errors) assert.ok(path.startsWith('spec') && message.length > 10)
      }
    }
    assert.ok(refused > objectsPerKind * kinds.length * 0.3, `only ${refused} changes were noticed`)
  })
})
