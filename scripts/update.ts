/**
 * Writes everything that is generated: what comes from the kinds (deploy/schema), what is installed (the rest of deploy/),
 * and the golden files of the tests. `--check` writes nothing, names what is not current, and exits 1 if there is any.
 */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { staleFiles as staleInstallation, update as updateInstallation } from '../deploy/source/update.ts'
import { staleFiles as staleSchemas, update as updateSchemas } from '../packages/api/scripts/update.ts'

const root = join(import.meta.dirname, '..')

/** Tests that write their golden files again when they are told so, and compare with them otherwise. */
function goldenTests(): string[] {
  return globSync(['packages/*/test/**/*.test.ts', 'tests/**/*.test.ts'], { cwd: root })
    .filter((path) => !path.includes('node_modules') && usesGoldens(readFileSync(join(root, path), 'utf8')))
    .sort()
}

function usesGoldens(text: string): boolean {
  return /\b(MILLRACE_UPDATE|golden\w*)\b/i.test(text)
}

async function check(): Promise<number> {
  const stale = [...(await staleSchemas()), ...(await staleInstallation())]
  for (const path of stale) console.error(`${path} is not current: run npm run update`)
  return stale.length > 0 ? 1 : 0
}

async function write(): Promise<number> {
  console.log(`deploy/schema: ${await updateSchemas()} files`)
  console.log(`deploy: ${await updateInstallation()} files`)
  const tests = goldenTests()
  if (tests.length === 0) return 0
  const env = { ...process.env, MILLRACE_UPDATE: '1' }
  const args = ['--test', '--test-reporter=dot', ...tests]
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' })
  console.log(`golden files: ${tests.length} test files run`)
  return status ?? 1
}

process.exitCode = await (process.argv.includes('--check') ? check() : write())
