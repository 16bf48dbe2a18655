import { flushCompileCache } from 'node:module'
import { helpText, parseArguments } from './arguments/parse-arguments.ts'
import type { ServerOptions } from './arguments/server-options.ts'
import { watchLifeline } from './lifeline.ts'
import { log } from './log.ts'
import { runServer } from './run-server.ts'
import { ModelUnreadable } from './runtime.ts'

/** The program: exit code 0 after a graceful stop, 1 with one sentence as the last line of stderr when it cannot serve, 2 for wrong arguments. */
async function main(): Promise<void> {
  const args = process.argv.slice(2)
  if (args.includes('--help')) {
    process.stdout.write(helpText())
    return
  }
  const parsed = parseArguments(args, process.env)
  if (!parsed.ok) {
    log(parsed.error)
    process.exit(2)
  }
  try {
    watchLifeline(process.env['MILLRACE_LIFELINE_FD'], () => process.exit(1))
    if (parsed.options.workers > 1 && process.env['MILLRACE_WORKER'] === undefined) {
      const { runWorkers } = await import('./workers.ts')
      process.exit(await runWorkers(parsed.options.workers, log))
    }
    await serve(parsed.options)
  } catch (error) {
    log(describeFailure(error, parsed.options))
    process.exit(1)
  }
}

async function serve(options: ServerOptions): Promise<void> {
  const server = await runServer(options, log)
  // Where NODE_COMPILE_CACHE is set, the next server starts in half the time, also when this one is killed.
  flushCompileCache()
  let isStopping = false
  const stop = async () => {
    // Who asks twice does not want to wait.
    if (isStopping) process.exit(0)
    isStopping = true
    await server.stop()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

function describeFailure(error: unknown, options: ServerOptions): string {
  if (error instanceof ModelUnreadable) return error.message
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const address = `${options.host}:${options.httpPort}`
  if (code === 'EADDRINUSE')
    return `cannot listen on ${address}: the port is in use by another program; give another --http_port`
  if (code === 'EACCES') return `cannot listen on ${address}: not permitted; ports below 1024 need privileges`
  if (code === 'EADDRNOTAVAIL') return `cannot listen on ${address}: this machine has no such address`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

await main()
