import { runCli } from './run-cli.ts'
import { processTerminal } from './terminal.ts'

const abort = new AbortController()
let interrupts = 0
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupts++
    abort.abort(new Error(signal))
    // A second Ctrl-C means now: what is left is cleaned by the next start.
    if (interrupts > 1 && signal === 'SIGINT') process.exit(130)
  })
}
// `millrace get … | head` closes our output early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

process.exitCode = await runCli(process.argv.slice(2), processTerminal(abort.signal))
