// Installs what is missing with the npm that runs us, and says why the wait. Runs on Node 20, which is all that a new machine has.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

const stamp = join(root, 'node_modules', '.millrace-installed')
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')
// A checkout of another branch touches the lock file without changing it.
if (isCurrent()) done()
// Two npm in one folder take each other's files away.
const turn = join(root, 'node_modules', '.millrace-installing')
const waitMsMax = 600_000
takeTurn()
if (isCurrent()) done()

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

function isCurrent() {
  return isInstalled() && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
}

/** Waits until nobody else installs here. Who was killed while installing is not waited for. */
function takeTurn() {
  mkdirSync(dirname(turn), { recursive: true })
  process.on('exit', () => {
    if (holder() === process.pid) rmSync(turn, { force: true })
  })
  let isTold = false
  for (const until = Date.now() + waitMsMax; Date.now() < until; ) {
    try {
      writeFileSync(turn, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (error.code !== 'EEXIST') fail(1, `Cannot install here: ${error.message}`)
    }
    const other = holder()
    if (other !== undefined && !isAlive(other)) {
      rmSync(turn, { force: true })
      continue
    }
    if (!isTold) process.stderr.write('Waiting for another install in this folder ...\n')
    isTold = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
  fail(1, `Another install has not ended for ${waitMsMax / 60_000} minutes: remove ${turn} and try again.`)
}

function holder() {
  try {
    return Number(readFileSync(turn, 'utf8')) || undefined
  } catch {
    return undefined
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

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
