/**
 * Writes everything that is generated: what comes from the kinds (deploy/schema), what is installed (the rest of deploy/),
 * and the golden files of the tests. `--check` writes nothing, names what is not current, and exits 1 if there is any.
 */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { staleFiles, writeGeneratedFiles } from './generated-files.ts'

const root = join(import.meta.dirname, '..')

/**
 * Tests beside which something writes golden files when it is told so (`assertGolden` of the testkit), and compares with
 * them otherwise. What was recorded from others is no golden file: it never changes with our code.
 */
function goldenTests(): string[] {
  const files = globSync(['packages/*/test/**/*.ts', 'tests/**/*.ts'], { cwd: root })
  const writing = files.filter((path) =>
    /\b(assertGolden|MILLRACE_UPDATE)\b/.test(readFileSync(join(root, path), 'utf8')),
  )
  const folders = new Set(writing.map(dirname))
  return files.filter((path) => path.endsWith('.test.ts') && folders.has(dirname(path))).sort()
}

async function check(): Promise<number> {
  const stale = await staleFiles()
  for (const path of stale) console.error(`${path} is not current: run npm run update`)
  return stale.length > 0 ? 1 : 0
}

async function write(): Promise<number> {
  console.log(`generated: ${await writeGeneratedFiles()} files`)
  const tests = goldenTests()
  if (tests.length === 0) return 0
  const env = { ...process.env, MILLRACE_UPDATE: '1' }
  const args = ['--test', '--test-reporter=dot', ...tests]
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' })
  console.log(`golden files: ${tests.length} test files run`)
  return status ?? 1
}

process.exitCode = await (process.argv.includes('--check') ? check() : write())
