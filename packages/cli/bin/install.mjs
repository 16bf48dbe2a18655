// Installs what is missing with the npm that runs us, and says why the wait. Runs on Node 20, which is all that a new machine has.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

const stamp = join(root, 'node_modules', '.millrace-installed')
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')
// A checkout of another branch touches the lock file without changing it.
if (isInstalled() && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) done()

process.stderr.write('Installing dependencies, Node 24 among them (needed once, about half a minute) ...\n')
// Not `npm ci`: it removes node_modules under a platform that runs from it, and refuses a lock file that was written where the
// registry has no packages for other systems.
const flags = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
const npm = process.env.npm_execpath
const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm, ...flags]] : ['npm', flags]
const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
if (error) fail(1, `Cannot run ${command}: ${error.message}`)
if (status !== 0) fail(status ?? 1, `npm install failed. Check the network and run the same command again.`)
if (!isInstalled()) {
  const machine = `${process.platform}-${process.arch}`
  fail(1, `There is no Node 24 package for ${machine}; Linux and macOS on x64 and arm64 have one.`)
}
done()

function isInstalled() {
  return (
    existsSync(join(root, 'node_modules', '.bin', 'node')) &&
    existsSync(join(root, 'node_modules', '.package-lock.json'))
  )
}

function done() {
  writeFileSync(stamp, wanted)
  process.exit(0)
}

function fail(code, message) {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}
