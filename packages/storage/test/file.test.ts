import assert from 'node:assert/strict'
import { copyFileSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fetch } from '../src/index.ts'
import { contents, scratch } from './scratch.ts'

const archives = join(import.meta.dirname, 'testdata', 'archives')

function source(files: Record<string, string>): string {
  const root = scratch()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

test('copies what a directory holds, absolute or relative to the working directory', async () => {
  const root = source({ 'models/iris/model.bst': 'm', 'models/iris/sub/extra.txt': 'e' })
  for (const uri of [`file://${root}/models/iris`, 'file://models/iris', `${root}/models/iris/`]) {
    const target = join(scratch(), 'new', 'place')
    await fetch(uri, target, { workingDirectory: root })
    assert.deepEqual(contents(target), { 'model.bst': 'm', 'sub/extra.txt': 'e' })
  }
})

test('copies a single file, and replaces what an earlier fetch left', async () => {
  const root = source({ 'model.onnx': 'new' })
  const target = source({ 'model.onnx/old': 'old', other: 'kept', '.millrace-partial-x/half': 'half' })
  await fetch(`file://${root}/model.onnx`, target)
  assert.deepEqual(contents(target), { 'model.onnx': 'new', other: 'kept' })
})

test('follows links inside the source and refuses those that lead out, leaving nothing', async () => {
  const root = source({ 'model/a.txt': 'a', secret: 's' })
  symlinkSync('a.txt', join(root, 'model', 'b.txt'))
  const target = scratch()
  await fetch(`file://${root}/model`, target)
  assert.deepEqual(contents(target), { 'a.txt': 'a', 'b.txt': 'a' })
  symlinkSync('../secret', join(root, 'model', 'c.txt'))
  const second = scratch()
  await assert.rejects(fetch(`file://${root}/model`, second), {
    code: 'Refused',
    message: /c\.txt is a link that leads out of/,
  })
  assert.deepEqual(contents(second), {})
})

test('does not follow links round for ever', async () => {
  const root = source({ 'model/a.txt': 'a' })
  symlinkSync('.', join(root, 'model', 'self'))
  await assert.rejects(fetch(`file://${root}/model`, scratch()), {
    code: 'TooLarge',
    message: /deeper than 32 folders/,
  })
})

test('a copy does not change when its source does', async () => {
  const root = source({ model: 'before' })
  linkSync(join(root, 'model'), join(root, 'other-name'))
  const target = scratch()
  await fetch(`file://${root}/model`, target)
  writeFileSync(join(root, 'model'), 'after')
  assert.deepEqual(contents(target), { model: 'before' })
})

test('holds to its limits', async () => {
  const root = source({ a: 'xxxx', b: 'xxxx', 'c/d': '' })
  await assert.rejects(fetch(`file://${root}`, scratch(), { limits: { bytesMax: 7 } }), {
    code: 'TooLarge',
    message: /more than 7 bytes/,
  })
  await assert.rejects(fetch(`file://${root}`, scratch(), { limits: { entriesMax: 3 } }), {
    code: 'TooLarge',
    message: /more than 3 files/,
  })
})

test('stops when told to', async () => {
  const root = source({ a: 'x' })
  const target = scratch()
  await assert.rejects(fetch(`file://${root}`, target, { signal: AbortSignal.abort(new Error('enough')) }), /enough/)
  assert.deepEqual(contents(target), {})
})

const refused: [uri: string, code: string, message: RegExp][] = [
  ['file://', 'Invalid', /has no path; expected file:\/\/\/absolute/],
  [
    'file://nowhere/model',
    'NotFound',
    /There is nothing at .*nowhere\/model \(file:\/\/nowhere\/model is relative to /,
  ],
  ['/nowhere/model', 'NotFound', /^There is nothing at \/nowhere\/model\.$/],
  ['pvc://claim/model', 'NotFound', /There is nothing at \/mnt\/pvc\/model/],
  ['models/iris', 'Invalid', /"models\/iris" is no storage URI; expected file:\/\//],
  ['s3://bucket/key', 'Invalid', /s3:\/\/ cannot be fetched from yet/],
  ['gs://bucket/key', 'Invalid', /gs:\/\/ cannot/],
  ['hf://org/model', 'Invalid', /hf:\/\/ cannot/],
  ['oci://registry/model', 'Invalid', /oci:\/\/ cannot/],
  ['https://account.blob.core.windows.net/c/m?sig=secret', 'Invalid', /^(?!.*secret)Azure storage cannot/],
  ['https://user:secret@example.com/model.git', 'Invalid', /^(?!.*secret)git cannot/],
]

for (const [uri, code, message] of refused) {
  test(`refuses ${uri}`, () => assert.rejects(fetch(uri, scratch()), { name: 'StorageError', code, message }))
}

test('refuses an empty directory', () =>
  assert.rejects(fetch(`file://${scratch()}`, scratch()), { code: 'NotFound', message: /holds no files/ }))

const longName = `${'deep/'.repeat(30)}file.txt`
const good = { 'model.bst': 'model', empty: '', 'folder/größe.txt': 'x'.repeat(1000), [longName]: 'long' }
const linked = { ...good, 'folder/link': 'model', hard: 'x'.repeat(1000) }
const packed: [archive: string, expected: Record<string, string>][] = [
  ['good.tar', linked],
  ['good-gnu.tar', linked],
  ['good.tgz', good],
  ['good.zip', good],
  ['stored.zip', { 'model.bst': 'model' }],
]

for (const [archive, expected] of packed) {
  test(`unpacks ${archive}`, async () => {
    const target = scratch()
    await fetch(`file://${archives}/${archive}`, target)
    assert.deepEqual(contents(target), expected)
  })
}

test('unpacks an archive that is the only file of its directory, and no other', async () => {
  const root = scratch()
  copyFileSync(join(archives, 'stored.zip'), join(root, 'model.zip'))
  const target = scratch()
  await fetch(`file://${root}`, target)
  assert.deepEqual(contents(target), { 'model.bst': 'model' })
  writeFileSync(join(root, 'other'), '')
  const second = scratch()
  await fetch(`file://${root}`, second)
  assert.deepEqual(Object.keys(contents(second)), ['model.zip', 'other'])
})

const bad: [archive: string, code: string, message: RegExp][] = [
  ['traversal.tar', 'BadArchive', /an entry that leads out of it: "\.\.\/evil\.txt"/],
  ['absolute.tar', 'BadArchive', /leads out of it: "\/tmp\/evil\.txt"/],
  ['link-out.tar', 'BadArchive', /a link that leads out of it or nowhere: "folder\/link" to "\.\.\/\.\.\/evil"/],
  ['link-absolute.tar', 'BadArchive', /"link" to "\/etc\/passwd"/],
  ['link-through-link.tar', 'BadArchive', /"s\/x" to/],
  ['hardlink-out.tar', 'BadArchive', /leads out of it: "\.\.\/evil\.txt"/],
  ['dangling.tar', 'BadArchive', /"link" to "nothing"/],
  ['traversal.zip', 'BadArchive', /leads out of it: "\.\.\/evil\.txt"/],
  ['backslash.zip', 'BadArchive', /leads out of it/],
  ['link.zip', 'BadArchive', /it holds the link "link"/],
  ['bzip2.zip', 'BadArchive', /packed with method 12; stored and deflated can be read/],
  ['cut.tar', 'BadArchive', /damaged|cut off/],
  ['damaged.tgz', 'BadArchive', /damaged/],
  ['cut.zip', 'BadArchive', /no zip archive, or it is cut off/],
  ['text.zip', 'BadArchive', /no zip archive/],
]

for (const [archive, code, message] of bad) {
  test(`refuses ${archive} and leaves nothing`, async () => {
    const parent = scratch()
    const target = join(parent, 'target')
    await assert.rejects(fetch(`file://${archives}/${archive}`, target), { name: 'StorageError', code, message })
    assert.deepEqual(contents(parent), {})
  })
}

test('refuses a bomb before it fills the disk', async () => {
  const limits = { bytesMax: 1_000_000 }
  await assert.rejects(fetch(`file://${archives}/bomb.zip`, scratch(), { limits }), {
    code: 'TooLarge',
    message: /unpacks to more than is allowed/,
  })
  await assert.rejects(fetch(`file://${archives}/good.tar`, scratch(), { limits: { entriesMax: 2 } }), {
    code: 'TooLarge',
    message: /too many entries/,
  })
})
