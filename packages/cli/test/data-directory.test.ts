import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { prepareDataDirectory } from '../src/data-directory.ts'

test('a data directory is made with its parents, for its owner alone', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'data-directory-'))
  t.after(() => rmSync(root, { recursive: true }))
  const { path } = prepareDataDirectory(join(root, 'a/b'))
  assert.equal(statSync(path).mode & 0o777, 0o700)
  assert.equal(prepareDataDirectory(path).path, path)
})

test('a data directory that cannot be made is refused with the next step', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'data-directory-'))
  t.after(() => rmSync(root, { recursive: true }))
  const file = join(root, 'file')
  writeFileSync(file, '')
  for (const path of [file, join(file, 'below')]) {
    assert.throws(() => prepareDataDirectory(path), /cannot be prepared: .* Choose another with --data-dir/)
  }
})

test('a file system that takes no folders is no endless wait', { skip: process.platform !== 'linux' }, () => {
  assert.throws(() => prepareDataDirectory('/proc/millrace/data'), /cannot be prepared/)
})
