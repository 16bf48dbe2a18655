import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { load } from '../src/lightgbm/load.ts'
import { parseTextModel } from '../src/lightgbm/text-model.ts'
import { ModelUnreadable } from '../src/runtime.ts'
import { folder, readRows } from './cases.ts'

const scratch = mkdtempSync(join(tmpdir(), 'millrace-lightgbm-'))
after(() => rmSync(scratch, { recursive: true }))

const categorical = readFileSync(folder('lightgbm', 'categorical', 'model.txt'), 'utf8')
const linear = readFileSync(folder('lightgbm', 'linear-tree', 'model.txt'), 'utf8')

let files = 0
function loadText(text: string) {
  const file = join(scratch, `${files++}.txt`)
  writeFileSync(file, text)
  return load(file)
}

const change = (text: string, pattern: RegExp, to: string) => {
  assert.match(text, pattern)
  return text.replace(pattern, to)
}

const broken: [what: string, text: string, message: RegExp][] = [
  ['an empty file', ' ', /^the file is empty$/],
  ['a JSON dump', '{"name":"tree"}', /dump_model cannot be loaded.*save_model/],
  ['another text', 'hello', /first line is not "tree"/],
  [
    'a file that is cut off',
    categorical.slice(0, categorical.indexOf('end of trees')),
    /no line "end of trees": the file is cut off/,
  ],
  ['another version', change(categorical, /version=v4/, 'version=v9'), /its version is "v9"; v2, v3, v4 can be read/],
  [
    'an unknown objective',
    change(categorical, /objective=binary/, 'objective=magic'),
    /objective "magic" is unknown; known are regression/,
  ],
  [
    'an objective named as a method',
    change(categorical, /objective=binary/, 'objective=toString'),
    /objective "toString" is unknown/,
  ],
  ['a tree that goes round', change(categorical, /left_child=3/, 'left_child=0'), /Tree=0 reaches node 0 twice/],
  [
    'a child that is not there',
    change(categorical, /left_child=3/, 'left_child=99'),
    /Tree=0 node 0 has the child 99; the tree has 8 leaves/,
  ],
  [
    'a leaf that is not there',
    change(categorical, /left_child=3/, 'left_child=-99'),
    /Tree=0 node 0 has the child -99/,
  ],
  ['a child between two', change(categorical, /left_child=3/, 'left_child=1.5'), /has the child 1\.5/],
  [
    'a feature that is not there',
    change(categorical, /split_feature=0/, 'split_feature=3'),
    /Tree=0 splits on feature 3, but the model has 3/,
  ],
  [
    'a category set that is not there',
    change(categorical, /threshold=0 1/, 'threshold=7 1'),
    /Tree=0 has no category set 7/,
  ],
  [
    'a word among numbers',
    change(categorical, /leaf_value=\S+/, 'leaf_value=x'),
    /Tree=0 leaf_value\[0\] is "x"; expected a number/,
  ],
  [
    'too few numbers',
    change(categorical, /leaf_value=\S+ /, 'leaf_value='),
    /Tree=0 leaf_value has 7 numbers; expected 8/,
  ],
  [
    'a huge tree',
    change(categorical, /num_leaves=8/, 'num_leaves=1000000000000'),
    /num_leaves is "1000000000000"; expected a whole number from 1 to 16777216/,
  ],
  ['a missing line', change(categorical, /decision_type=.*\n/, ''), /Tree=0 has no "decision_type"/],
  [
    'names that do not fit',
    change(categorical, /feature_names=color /, 'feature_names='),
    /has 2 names, but max_feature_idx tells of 3/,
  ],
  [
    'a line on a feature that is not there',
    change(linear, /leaf_features=2 6/, 'leaf_features=2 77'),
    /Tree=1 has a leaf on feature 77; the model has 10/,
  ],
]

for (const [what, text, message] of broken) {
  test(`refuses ${what}`, () => assert.rejects(loadText(text), { name: 'ModelUnreadable', message }))
}

test('a custom objective answers the sums of the trees', async () => {
  const plain = await loadText(change(categorical, /objective=.*\n/, ''))
  const [output] = await plain.predict(readRows([[0, 0, 0]]))
  assert.ok(output && Math.abs(Number(output.data[0])) > 0)
})

test('reads files with Windows line ends', async () => {
  const model = await loadText(categorical.replaceAll('\n', '\r\n'))
  assert.deepEqual(model.inputs[0]?.shape, [-1, 3])
})

test('takes columns by name, in any order, and says which are wrong', async () => {
  const model = await load(folder('lightgbm', 'categorical', 'model.txt'))
  const [byName] = await model.predict(
    readRows([
      { size: 0.5, shape: 1, color: 17 },
      { size: 0, shape: 2, color: null },
    ]),
  )
  const [byRow] = await model.predict(
    readRows([
      [17, 0.5, 1],
      [null, 0, 2],
    ]),
  )
  assert.deepEqual(byName, byRow)
  const predict = (rows: unknown) => async () => model.predict(readRows(rows))
  await assert.rejects(predict([{ colour: 1, size: 1, shape: 1 }]), {
    name: 'InvalidInput',
    message: 'The model has no feature "colour"; did you mean "color"?',
  })
  await assert.rejects(predict([{ color: 1, size: 1 }]), {
    message: 'Feature "shape" is missing; expected rows × 3 features (color, size, shape).',
  })
  await assert.rejects(predict([{ color: 'red', size: 1, shape: 1 }]), {
    message: 'Input "color" is text (BYTES); the model takes numbers.',
  })
  assert.deepEqual((await model.predict(readRows([])))[0]?.shape, [0])
})

test('ends with a plain refusal wherever a file is damaged', () => {
  for (let i = 0; i < linear.length; i += 53) {
    try {
      parseTextModel(linear.slice(0, i) + linear.slice(i + 40))
    } catch (error) {
      assert.ok(error instanceof ModelUnreadable)
    }
  }
})
