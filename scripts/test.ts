/**
 * Runs the project's checks and tests: `check` (types, lint, format, tests that start no platform) or `all` (those and
 * the end-to-end journeys). Prints one closing line `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

interface Tally {
  passed: number
  failed: number
  skipped: number
}

interface Tool {
  readonly name: string
  readonly args: readonly string[]
}

const tools: readonly Tool[] = [
  { name: 'tsc', args: ['--noEmit', '-p', '.'] },
  { name: 'oxlint', args: ['--quiet'] },
  { name: 'biome', args: ['format', '.'] },
]

function runTool(tool: Tool): Promise<{ readonly tool: Tool; readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(join(root, 'node_modules', '.bin', tool.name), tool.args, { cwd: root })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => resolve({ tool, code: 1, output: error.message }))
    child.on('close', (code) => resolve({ tool, code: code ?? 1, output }))
  })
}

async function runTools(tally: Tally): Promise<void> {
  for (const { tool, code, output } of await Promise.all(tools.map(runTool))) {
    if (code === 0) tally.passed++
    else tally.failed++
    process.stdout.write(`${code === 0 ? '✔' : '✖'} ${tool.name} ${tool.args.join(' ')}\n`)
    if (code !== 0) process.stdout.write(`${output}\n`)
  }
}

/** Runs test files, each in a process of its own, and adds what they did to the tally. */
async function runTests(files: readonly string[], concurrency: number, tally: Tally): Promise<void> {
  const stream = run({ files: [...files], concurrency, timeout: 600_000 })
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite') return
    if (event.skip !== undefined || event.todo !== undefined) tally.skipped++
    else tally.passed++
  })
  stream.on('test:fail', (event) => {
    if (event.details.type !== 'suite') tally.failed++
  })
  const report = stream.compose(spec)
  report.pipe(process.stdout, { end: false })
  await new Promise((resolve) => report.once('end', resolve))
}

const filter = process.argv[3]
const find = (pattern: string): string[] =>
  globSync(pattern, { cwd: root, exclude: (path) => path.includes('node_modules') })
    .filter((path) => filter === undefined || path.includes(filter))
    .sort()
    .map((path) => join(root, path))

const tally: Tally = { passed: 0, failed: 0, skipped: 0 }
const mode = process.argv[2] ?? 'all'
process.chdir(root)
await runTools(tally)
await runTests([...find('tests/tidy/**/*.test.ts'), ...find('packages/*/test/**/*.test.ts')], 2, tally)
if (mode === 'all') await runTests(find('tests/{conformance,simulation,deploy,cluster,e2e}/**/*.test.ts'), 1, tally)
process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped\n`)
process.exit(tally.failed === 0 && tally.passed > 0 ? 0 : 1)
