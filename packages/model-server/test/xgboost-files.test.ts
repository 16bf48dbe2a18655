import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ModelUnreadable } from '../src/runtime.ts'
import { load } from '../src/xgboost/load.ts'
import { parseUbjson } from '../src/xgboost/ubjson.ts'
import { assertClose, folder, readCase, readRows } from './cases.ts'

const scratch = mkdtempSync(join(tmpdir(), 'millrace-xgboost-'))
after(() => rmSync(scratch, { recursive: true }))

let files = 0
function loadBytes(content: string | Buffer) {
  const file = join(scratch, `${files++}.json`)
  writeFileSync(file, content)
  return load(file)
}

// The document is other people's: tests reach into it as into any JSON.
type Loose = Record<string, unknown> & { [index: number]: Loose }
const at = (value: unknown, ...path: (string | number)[]): Loose =>
  path.reduce((part, key) => (part as Loose)[key as string] as Loose, value as Loose)

function softprob(change: (model: Loose) => void): string {
  const document = JSON.parse(readFileSync(folder('xgboost', 'softprob-json', 'model.json'), 'utf8'))
  change(document)
  return JSON.stringify(document)
}

const tree = (document: Loose, index: number) => at(document, 'learner', 'gradient_booster', 'model', 'trees', index)

test('reads the form of releases before 1.3: flags as booleans, no categories, no iteration index', async () => {
  const it = readCase('xgboost', 'softprob-json.json')
  const model = await loadBytes(
    softprob((document) => {
      const booster = at(document, 'learner', 'gradient_booster', 'model')
      delete booster['iteration_indptr']
      delete booster['cats']
      delete at(document, 'learner')['feature_names']
      delete at(document, 'learner', 'learner_model_param')['num_target']
      for (const one of booster['trees'] as Loose[]) {
        for (const key of Object.keys(one).filter((k) => k.startsWith('categories') || k === 'split_type'))
          delete one[key]
        one['default_left'] = (one['default_left'] as number[]).map((flag) => flag === 1)
      }
    }),
  )
  const [output] = await model.predict(readRows(it.inputs))
  assertClose(Array.from((output?.data ?? []) as Float32Array), it.expected)
})

const broken: [what: string, content: () => string | Buffer, message: RegExp][] = [
  ['an empty file', () => '', /^the file is empty$/],
  ['another text', () => 'tree\nversion=v4', /neither JSON nor UBJSON/],
  ['JSON that is cut off', () => softprob(() => {}).slice(0, 5000), /^the JSON document is broken: /],
  ['another JSON', () => '{"a": 1}', /it has no "learner"/],
  ['a dump of trees', () => '[{"nodeid": 0}]', /neither JSON nor UBJSON/],
  [
    'an unknown objective',
    () => softprob((d) => void (at(d, 'learner', 'objective')['name'] = 'multi:magic')),
    /objective "multi:magic" is unknown; known are reg:squarederror/,
  ],
  [
    'an unknown booster',
    () => softprob((d) => void (at(d, 'learner', 'gradient_booster')['name'] = 'gbmagic')),
    /booster "gbmagic" is unknown/,
  ],
  [
    'a huge number of classes',
    () => softprob((d) => void (at(d, 'learner', 'learner_model_param')['num_class'] = '1000000000')),
    /num_class" is 1000000000; expected a whole number up to 65536/,
  ],
  [
    'base scores that do not fit',
    () => softprob((d) => void (at(d, 'learner', 'learner_model_param')['base_score'] = '[1,2]')),
    /base_score" is \[1,2\]; expected 3 numbers/,
  ],
  [
    'a tree that goes round',
    () => softprob((d) => void (at(tree(d, 2), 'left_children')[1] = 0 as unknown as Loose)),
    /trees\[2\]" reaches node 0 twice/,
  ],
  [
    'a tree with shared branches',
    () => softprob((d) => void (tree(d, 0)['right_children'] = tree(d, 0)['left_children'])),
    /trees\[0\]" reaches node 1 twice/,
  ],
  [
    'a child that is not there',
    () => softprob((d) => void (at(tree(d, 1), 'right_children')[0] = 999 as unknown as Loose)),
    /trees\[1\]" points to node 999, but has \d+/,
  ],
  [
    'a child that is no number',
    () => softprob((d) => void (at(tree(d, 1), 'right_children')[0] = 'x' as unknown as Loose)),
    /right_children\[0\]" is text "x"; expected a number/,
  ],
  [
    'a feature that is not there',
    () => softprob((d) => void (at(tree(d, 1), 'split_indices')[0] = 4 as unknown as Loose)),
    /trees\[1\]" splits on feature 4, but the model has 4/,
  ],
  [
    'arrays of different length',
    () => softprob((d) => void (tree(d, 0)['split_conditions'] = [1])),
    /trees\[0\]\.split_conditions" has 1 elements; expected \d+/,
  ],
  [
    'a tree of an unknown output',
    () => softprob((d) => void (at(d, 'learner', 'gradient_booster', 'model', 'tree_info')[4] = 3 as unknown as Loose)),
    /tree 4 belongs to output 3, but the model has 3/,
  ],
  [
    'no trees at all',
    () => softprob((d) => void delete at(d, 'learner', 'gradient_booster', 'model')['trees']),
    /trees" is missing; expected a list/,
  ],
]

for (const [what, content, message] of broken) {
  test(`refuses ${what}`, () => assert.rejects(loadBytes(content()), { name: 'ModelUnreadable', message }))
}

test('refuses categories that would allocate without bound', async () => {
  const document = JSON.parse(readFileSync(folder('xgboost', 'categorical-json', 'model.json'), 'utf8'))
  at(tree(document, 0), 'categories')[0] = 4_000_000_000 as unknown as Loose
  await assert.rejects(loadBytes(JSON.stringify(document)), /categories" holds 4000000000, above 16777216/)
})

test('ends with a plain refusal wherever a UBJSON file is cut off or damaged', () => {
  const bytes = readFileSync(folder('xgboost', 'softprob', 'model.ubj'))
  for (let length = 1; length < bytes.length; length += 97) {
    assert.throws(() => parseUbjson(bytes.subarray(0, length)), ModelUnreadable)
  }
  for (let i = 1; i < 3000; i++) {
    const damaged = Buffer.from(bytes)
    damaged[i] = (damaged[i] ?? 0) ^ 0xff
    try {
      parseUbjson(damaged)
    } catch (error) {
      assert.ok(error instanceof ModelUnreadable, String(error))
    }
  }
})

test('believes no count that the file has no bytes for, and no endless nesting', () => {
  const huge = Buffer.concat([Buffer.from('[$d#L'), Buffer.from([0x7f, 255, 255, 255, 255, 255, 255, 255])])
  assert.throws(() => parseUbjson(huge), /names 9223372036854776000 elements where 0 bytes are left/)
  assert.throws(() => parseUbjson(Buffer.alloc(100_000, '[')), /nests deeper than 64/)
})
