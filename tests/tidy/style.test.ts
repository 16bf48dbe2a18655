import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectFiles, root, shippedFiles, sourceFiles } from './source-files.ts'

const linesOf = (text: string): number => text.split('\n').length

/** One dense algorithm may be long; each entry says which one stands there. */
const longFiles: Readonly<Record<string, string>> = {}

test('file names are kebab-case and say what is inside', () => {
  const empty = /^(utils?|helpers?|common|misc|constants|types|manager|base)\.ts$/
  const broken = sourceFiles().filter(({ path }) => {
    const name = path.split('/').at(-1) ?? ''
    return empty.test(name) || !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(name)
  })
  assert.deepEqual(
    broken.map((file) => file.path),
    [],
  )
})

test('shipped files stay small: 500 lines at most, 90 % under 400, half under 150', () => {
  const files = shippedFiles().map((file) => ({ path: file.path, lines: linesOf(file.text) }))
  const tooLong = files.filter((file) => file.lines > 500 && longFiles[file.path] === undefined)
  assert.deepEqual(
    tooLong.map((file) => `${file.path}: ${file.lines} lines`),
    [],
  )
  const sizes = files.map((file) => file.lines).sort((left, right) => left - right)
  const at = (share: number): number => sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * share))] ?? 0
  assert.ok(at(0.9) <= 400, `the 90th percentile is ${at(0.9)} lines`)
  assert.ok(at(0.5) <= 150, `the median is ${at(0.5)} lines`)
})

test('the list of long files has no dead entry', () => {
  const byPath = new Map(shippedFiles().map((file) => [file.path, linesOf(file.text)]))
  const dead = Object.keys(longFiles).filter((path) => (byPath.get(path) ?? 0) <= 500)
  assert.deepEqual(dead, [])
})

test('no escape hatches and nothing unfinished in shipped code', () => {
  const rules: readonly (readonly [RegExp, string])[] = [
    [/:\s*any\s*[;,)=\]}|\n]|\bas\s+any\b|<any\b/, 'any'],
    [/@ts-(ignore|expect-error|nocheck)/, 'a silenced type error'],
    [/\b(TODO|FIXME|XXX)\b/, 'an unfinished place'],
    [/^\s*(export\s+)?(const\s+)?enum\s/m, 'an enum'],
    [/^export default\b/m, 'a default export'],
    [/\bconsole\.(log|error|warn|debug)\(/, 'console (write to the stream or the log that was passed in)'],
  ]
  const broken: string[] = []
  for (const file of shippedFiles()) {
    for (const [pattern, name] of rules) if (pattern.test(file.text)) broken.push(`${file.path}: ${name}`)
  }
  assert.deepEqual(broken, [])
})

test('no test is switched off without a printed reason', () => {
  const broken = sourceFiles()
    .filter((file) => file.path.endsWith('.test.ts') && !file.path.startsWith('tests/tidy/'))
    .filter((file) => /\b(test|it|describe|suite)\.(only|todo|skip)\(|skip:\s*true\b|\.skip\(\s*\)/.test(file.text))
  assert.deepEqual(
    broken.map((file) => file.path),
    [],
  )
})

test('nothing names a machine, a registry or a home directory', () => {
  const binary = /\.(png|onnx|joblib|pkl|pickle|ubj|bst|gz|zip|npy|z|xz|bz2|model|tgz|tar)$/
  const broken: string[] = []
  for (const path of projectFiles().filter((path) => !binary.test(path))) {
    const text = readFileSync(join(root, path), 'utf8')
    if (/(^|[\s"'`(=])\/(work|farm)\/[a-z]/.test(text)) broken.push(`${path}: a machine path`)
    if (/"resolved": "https?:/.test(text)) broken.push(`${path}: a download address`)
    if (/\/home\/[a-z]+\/|\/Users\/[a-z]+\//.test(text) && !path.endsWith('.md'))
      broken.push(`${path}: a home directory`)
  }
  assert.deepEqual(broken, [])
})
