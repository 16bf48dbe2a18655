import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { readPickleFile } from '../../src/pickle/index.ts'
import { ModelUnreadable } from '../../src/runtime.ts'
import { assertRecorded, type Case, loadModel, rowsRequest, testdata } from './recorded.ts'

const formats = join(testdata, 'formats')
const recorded: Case = JSON.parse(readFileSync(join(formats, 'case.json'), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'millrace-sklearn-'))
after(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

const protocols = [0, 1, 2, 3, 4, 5].flatMap((protocol) => [`protocol-${protocol}.pkl`, `protocol-${protocol}.joblib`])
for (const file of [...protocols, 'compressed-zlib.joblib', 'compressed-gzip.joblib']) {
  test(`the same model answers the same from ${file}`, async () => {
    const model = await loadModel(join(formats, file))
    const shares = await loadModel(join(formats, file), true)
    assert.equal(model.platform, file.endsWith('.joblib') ? 'sklearn_joblib' : 'sklearn_pickle')
    assertRecorded((await model.predict(rowsRequest(recorded.inputs ?? [])))[0], recorded.predict)
    assert.ok(recorded.proba)
    assertRecorded((await shares.predict(rowsRequest(recorded.inputs ?? [])))[0], recorded.proba)
  })
}

for (const method of ['bz2', 'xz', 'lzma']) {
  test(`says what to do with a file compressed with ${method}`, async () => {
    await assert.rejects(loadModel(join(formats, `compressed-${method}.joblib`)), {
      name: 'ModelUnreadable',
      message: new RegExp(`compressed with ${method}.*joblib\\.dump\\(model, 'model\\.joblib', compress=3\\)`),
    })
  })
}

const strangers: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ['an empty file', '', /is empty/],
  ['a web page', '<!DOCTYPE html><html></html>', /web page/],
  ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', /git lfs pull/],
  ['a zip archive', 'PK\x03\x04aaaa', /zip archive/],
  ['an lz4 file', Uint8Array.of(4, 0x22, 0x4d, 0x18, 0, 0), /lz4/],
  ['broken zlib data', Uint8Array.of(0x78, 0x9c, 1, 2, 3, 4, 5, 6, 7), /zlib data cannot be decompressed/],
  ['cut zlib data', deflateSync(Buffer.alloc(5000, 'abc')).subarray(0, 12), /zlib data ends before byte 12/],
  ['cut gzip data', gzipSync(Buffer.alloc(5000, 'abc')).subarray(0, 20), /gzip data ends before byte 20/],
]
for (const [what, content, message] of strangers) {
  test(`refuses ${what}`, async () => {
    await assert.rejects(loadModel(write('model.joblib', content)), (error) => {
      assert.ok(error instanceof ModelUnreadable)
      assert.match(error.message, message)
      return true
    })
  })
}

test('a small file that decompresses to a huge one is refused', async () => {
  const file = write('bomb.joblib', deflateSync(Buffer.alloc(50_000_000)))
  await assert.rejects(readPickleFile(file, { fileBytesMax: 1_000_000, contentBytesMax: 1_000_000 }), {
    code: 'TooLarge',
    message: /more than 1000000 bytes after zlib/,
  })
})

test('a file beyond the size limit is refused before it is read', async () => {
  const file = write('large.joblib', Buffer.alloc(2000))
  await assert.rejects(readPickleFile(file, { fileBytesMax: 1000, contentBytesMax: 1000 }), { code: 'TooLarge' })
})

test('a missing file is the file system’s error, not a corrupt model', async () => {
  await assert.rejects(loadModel(join(folder, 'none.joblib')), { code: 'ENOENT' })
})
