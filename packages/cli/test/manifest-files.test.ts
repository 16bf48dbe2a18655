import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { parseManifests, readManifests } from '../src/manifest-files.ts'
import { formatValue } from '../src/output.ts'

const service = (name: string): string => `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: ${name}
spec:
  predictor:
    containers:
      - name: main
        image: web
`

test('several documents, lists and empty documents give their objects', () => {
  const list = 'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: b}}\n'
  const { manifests, problems } = parseManifests('a.yaml', `${service('a')}---\n---\n${list}`)
  assert.deepEqual(problems, [])
  assert.deepEqual(
    manifests.map((manifest) => manifest.object.metadata.name),
    ['a', 'b'],
  )
})

test('a field is found at its line and column, and a missing one at its nearest parent', () => {
  const { manifests } = parseManifests('a.yaml', `# first\n${service('a')}`)
  const at = manifests[0]?.positionOf
  assert.deepEqual(at?.(['spec', 'predictor', 'containers', 0, 'image']), { file: 'a.yaml', line: 10, column: 9 })
  assert.deepEqual(at?.(['spec', 'predictor', 'model', 'storageUri']), { file: 'a.yaml', line: 7, column: 3 })
  assert.deepEqual(at?.([]), { file: 'a.yaml', line: 2, column: 1 })
})

test('the position inside a list counts from the file, not from the item', () => {
  const text = 'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata:\n    name: b\n'
  assert.equal(parseManifests('a.yaml', text).manifests[0]?.positionOf(['metadata', 'name']).line, 7)
})

for (const [name, text, line, message] of [
  ['a tab in the indentation', 'apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n', 4, /tab/i],
  ['a key given twice', 'apiVersion: v1\nkind: Pod\nkind: Pod\n', 3, /"kind" stands here twice/],
  [
    'a mapping that stands in itself',
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: &s\n  os: *s\n',
    5,
    /spec\.os: is an alias of something that it stands in/,
  ],
  ['nesting without end', `kind: Pod\nspec: ${'['.repeat(20_000)}\n`, 2, /nested too deeply/],
  ['an unclosed bracket', 'apiVersion: v1\nkind: Pod\nmetadata: {name: a\n', 4, /./],
  ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', 1, /no kind/],
  ['no metadata', 'apiVersion: v1\nkind: Pod\n', 1, /no metadata/],
  ['plain text', 'hello\n', 1, /expected a Kubernetes object/],
] as const) {
  test(`${name} is reported with its line`, () => {
    const { manifests, problems } = parseManifests('a.yaml', text)
    assert.equal(manifests.length, 0)
    assert.equal(problems[0]?.position.line, line)
    assert.match(problems[0]?.message ?? '', message)
  })
}

test('aliases that multiply are refused', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]']
  for (const [index, letter] of [...'bcdefgh'].entries()) {
    const before = 'abcdefgh'[index]
    bomb.push(`${letter}: &${letter} [${Array(9).fill(`*${before}`).join(',')}]`)
  }
  const { manifests, problems } = parseManifests('bomb.yaml', `${bomb.join('\n')}\n`)
  assert.equal(manifests.length, 0)
  assert.match(problems[0]?.message ?? '', /aliases stand for more than/)
})

test('a value is what kubectl takes it for, and what is printed is read as it was', () => {
  // Source: the answers of sigs.k8s.io/yaml v1.6.0.
  const text =
    'data: {a: yes, b: Off, c: 0777, d: 1_000, e: 12:30, f: 2026-01-31, g: 0x1F, h: .5, i: 1e3, j: ~, k: "yes", l: ., m: -., on: n}\n'
  const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n'
  const [read] = parseManifests('a.yaml', head + text).manifests
  const values = { a: true, b: false, c: 511, d: 1000, e: '12:30', f: '2026-01-31', g: 31, h: 0.5, i: 1000, j: null }
  assert.deepEqual(read?.object['data'], { ...values, k: 'yes', l: '.', m: '-.', true: false })
  const printed = formatValue({ ...read?.object, data: { k: 'yes', e: '12:30', f: '2026-01-31', y: 'n' } }, 'yaml')
  const [again] = parseManifests('a.yaml', printed).manifests
  assert.deepEqual(again?.object['data'], { k: 'yes', e: '12:30', f: '2026-01-31', y: 'n' })
})

test('what `<<` merges is there, and a field of it is found where it stands', () => {
  const text = 'apiVersion: v1\nkind: Pod\nmetadata: &m {name: a}\nspec:\n  <<: *m\n  b: 1\n'
  const { manifests, problems } = parseManifests('a.yaml', text)
  assert.deepEqual(problems, [])
  assert.deepEqual(manifests[0]?.object['spec'], { name: 'a', b: 1 })
})

test('a mapping with very many keys is read in a moment', () => {
  const keys = Array.from({ length: 30_000 }, (_, index) => `  k${index}: 1\n`).join('')
  const startedAt = performance.now()
  const { manifests } = parseManifests('a.yaml', `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n${keys}`)
  assert.equal(Object.keys(Object(manifests[0]?.object['data'])).length, 30_000)
  assert.ok(performance.now() - startedAt < 10_000)
})

test('a file that is no text in UTF-8 is refused by name', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'millrace-manifests-')), 'a.yaml')
  writeFileSync(file, Buffer.from('name: caf\u00e9', 'latin1'))
  assert.throws(() => readManifests([file]), /a\.yaml: is not text in UTF-8/)
})

test('a folder gives its YAML and JSON files in order, and an empty one is an error', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-manifests-'))
  assert.throws(() => readManifests([folder]), /no \.yaml, \.yml or \.json file/)
  writeFileSync(join(folder, 'b.yaml'), service('b'))
  writeFileSync(join(folder, 'a.json'), JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }))
  writeFileSync(join(folder, 'README.md'), '# no')
  assert.deepEqual(
    readManifests([folder]).manifests.map((manifest) => manifest.object.metadata.name),
    ['a', 'b'],
  )
  assert.throws(() => readManifests([join(folder, 'none.yaml')]), /there is no such file or folder/)
})

test('of a dump every place is its document, which is not held', () => {
  const { manifests } = parseManifests('a.yaml', `${service('a')}---\n${service('b')}`, { isDump: true })
  const places = manifests.map(({ positionOf }) => positionOf(['spec', 'predictor']).line)
  assert.deepEqual(places, [1, 11])
})
