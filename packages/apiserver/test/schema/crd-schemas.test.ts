import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileCrdSchema } from '../../src/schema/compile-schema.ts'
import { fieldErrorMessage } from '../../src/schema/field-error.ts'
import { checkRules, compileRules } from '../../src/schema/rules.ts'
import type { JsonSchema } from '../../src/schema/schema.ts'
import { checkStructural } from '../../src/schema/structural.ts'
import { objectMeta, recorded } from '../recorded.ts'

const root = 'spec.validation.openAPIV3Schema'

describe('CRD schemas are checked as recorded', () => {
  const cases = recorded<readonly { schema: JsonSchema; findings: readonly string[] }[]>('structural')
  for (const { schema, findings } of cases) {
    test(JSON.stringify(schema).slice(0, 120), () => {
      assert.deepEqual(checkStructural(schema, root).map(fieldErrorMessage).sort(), findings)
    })
  }
})

interface RuleCase {
  readonly path: readonly string[]
  readonly rule: { readonly rule: string }
  readonly refused?: readonly string[]
  readonly create?: readonly string[]
  readonly update?: readonly string[]
}

interface Rules {
  readonly schema: JsonSchema
  readonly value: object
  readonly changed: object
  readonly cases: readonly RuleCase[]
}

type Node = Record<string, unknown> & {
  readonly type?: string
  readonly items?: Node
  readonly additionalProperties?: Node
  readonly properties?: Readonly<Record<string, Node>>
}

/** The schema with a rule at a place in it. */
function withRule(schema: JsonSchema, path: readonly string[], rule: object): JsonSchema {
  const copy = structuredClone(schema) as Node
  let at: Node | undefined = copy
  for (const name of path) {
    if (name === 'items' && at?.type === 'array') at = at.items
    else at = name === 'additional' ? at?.additionalProperties : at?.properties?.[name]
  }
  if (!at) throw new Error(`no ${path.join('.')} in the schema`)
  at['x-kubernetes-validations'] = [rule]
  return copy as JsonSchema
}

describe('validation rules', () => {
  const { schema, value, changed, cases } = recorded<Rules>('rules')
  const object = (spec: object): object => ({ apiVersion: 'cel.test/v1', kind: 'A', metadata: { name: 'n' }, spec })
  for (const { path, rule, refused, create, update } of cases) {
    test(`${path.join('.')}: ${JSON.stringify(rule)}`, async () => {
      const raw = withRule(schema, path, rule)
      assert.deepEqual((await checkRules(raw, root)).map(fieldErrorMessage), refused ?? [])
      if (refused) return
      const rules = await compileRules(compileCrdSchema(raw, objectMeta()))
      assert.deepEqual(rules?.validate(object(value), undefined).map(fieldErrorMessage), create)
      assert.deepEqual(rules?.validate(object(changed), object(value)).map(fieldErrorMessage), update)
    })
  }

  for (const rule of ['self == oldSelf', 'self.outer == oldSelf.outer', 'self.outer in [oldSelf.outer]']) {
    test(`compares as a whole what no rule names: ${rule}`, async () => {
      const inner = { type: 'object', properties: { n: { type: 'integer' } } }
      const outer = { type: 'object', properties: { inner, list: { type: 'array', items: inner } } }
      const raw = { type: 'object', properties: { outer }, 'x-kubernetes-validations': [{ rule }] }
      const rules = await compileRules(compileCrdSchema(raw, objectMeta()))
      const old = { outer: { inner: { n: 1 }, list: [{ n: 1 }] } }
      assert.deepEqual(rules?.validate(structuredClone(old), old), [])
      assert.equal(rules?.validate({ outer: { inner: { n: 2 }, list: [{ n: 1 }] } }, old).length, 1)
      assert.equal(rules?.validate({ outer: { inner: { n: 1 }, list: [{ n: 2 }] } }, old).length, 1)
    })
  }

  test('a schema without rules needs no rule set', async () => {
    assert.equal(await compileRules(compileCrdSchema(schema, objectMeta())), undefined)
  })

  const ran = async (type: object, rules: readonly string[], value: unknown): Promise<string> => {
    const validations = rules.map((rule) => ({ rule }))
    const raw = { type: 'object', properties: { f: { ...type, 'x-kubernetes-validations': validations } } }
    const compiled = await compileRules(compileCrdSchema(raw as unknown as JsonSchema, objectMeta()))
    return (compiled?.validate({ f: value }, undefined) ?? []).map(fieldErrorMessage).join()
  }
  const integers = { type: 'array', items: { type: 'integer' } }
  const ten = '[1,2,3,4,5,6,7,8,9,10]'
  const thousand = Array.from({ length: 1000 }, (_, index) => index)

  for (const [why, type, rule, value] of [
    ['loops in loops', integers, 'self.all(a, self.all(b, self.all(c, a + b + c >= 0)))', thousand],
    ['an error that another element might decide', integers, 'self.all(a, self.all(b, 1 / (a - a) > b))', thousand],
    [
      'loops over literals',
      { type: 'string' },
      'abcdefgh'.split('').reduceRight((inner, name) => `${ten}.all(${name}, ${inner})`, 'true'),
      '',
    ],
    [
      'texts split into characters',
      { type: 'string' },
      "self.split('').all(a, self.split('').all(b, a == b))",
      'a'.repeat(20_000),
    ],
    [
      'texts that grow',
      { type: 'string' },
      `[self]${".map(x, [x,x,x,x,x,x,x,x].join(''))".repeat(8)}[0] != ''`,
      'aaaaaaaa',
    ],
    [
      'searches in lists',
      integers,
      'self.all(x, x in self && self.exists_one(y, y == x))',
      Array.from({ length: 20_000 }, (_, i) => i),
    ],
  ] as const) {
    test(`no rule runs without end: ${why}`, async () => {
      const begin = performance.now()
      assert.match(await ran(type, [rule], value), /cost exceeds limit for rule/)
      assert.ok(performance.now() - begin < 5000, 'it is ended, not waited for')
    })
  }

  test('rules that each stay in their limit run out of the budget of the object together', async () => {
    const rules = Array.from({ length: 40 }, () => 'self.all(a, self.all(b, a + b >= 0))')
    assert.equal(await ran(integers, rules, thousand.slice(0, 100)), '')
    assert.match(await ran(integers, rules, thousand.slice(0, 250)), /running out of cost budget/)
  })

  test('what an update leaves as it was is not held against it', async () => {
    const raw = withRule(schema, ['spec'], { rule: 'self.b > 9' })
    const rules = await compileRules(compileCrdSchema(raw, objectMeta()))
    assert.deepEqual(rules?.validate(object(value), object(value)), [])
  })
})
