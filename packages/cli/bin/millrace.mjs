// For those who start by `node millrace.mjs`: the same as `millrace`, with this process waiting in front of it.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const launcher = join(dirname(fileURLToPath(import.meta.url)), 'launch.sh')
const args = [launcher, 'packages/cli/src/main.ts', ...process.argv.slice(2)]
// The child owns the terminal and the meaning of Ctrl-C.
const child = spawn('sh', args, { stdio: 'inherit' })
const pass = (signal) => child.kill(signal)
process.on('SIGTERM', pass)
process.on('SIGHUP', pass)
process.on('SIGINT', process.stdin.isTTY ? () => {} : pass)
child.on('error', (error) => {
  process.stderr.write(`Cannot run sh: ${error.message}\n`)
  process.exitCode = 1
})
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
})
