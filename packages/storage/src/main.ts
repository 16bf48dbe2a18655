import { fetch } from './fetch.ts'
import { watchLifeline } from './lifeline.ts'
import { redactUri } from './redact-uri.ts'
import { StorageError } from './storage-error.ts'

const usage = 'usage: main.ts URI DIRECTORY [URI DIRECTORY …]'

/**
 * The storage initializer, with the arguments of KServe's: fetches each URI into its directory, one after the other. Exit
 * code 1 with one sentence as the last line of stderr when one cannot be fetched, 2 for wrong arguments.
 */
async function main(args: readonly string[]): Promise<void> {
  if (args.length < 2 || args.length % 2 === 1) {
    write(usage)
    process.exit(2)
  }
  watchLifeline(process.env['MILLRACE_LIFELINE_FD'], () => process.exit(1))
  const stop = new AbortController()
  process.once('SIGTERM', () => stop.abort(new StorageError('Refused', 'Stopped by SIGTERM.')))
  process.once('SIGINT', () => stop.abort(new StorageError('Refused', 'Stopped by SIGINT.')))
  try {
    for (let i = 0; i < args.length; i += 2) {
      const [uri, directory] = [args[i] ?? '', args[i + 1] ?? '']
      const start = performance.now()
      await fetch(uri, directory, { signal: stop.signal, log: logProgress })
      logProgress('fetched', { uri: redactUri(uri), directory, ms: Math.round(performance.now() - start) })
    }
  } catch (error) {
    write(describe(error))
    process.exit(1)
  }
  process.exit(0)
}

function describe(error: unknown): string {
  if (error instanceof StorageError) return error.message
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC') return 'The disk is full.'
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function logProgress(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const parts = Object.entries(fields).map(([key, value]) => `${key}=${String(value)}`)
  write([message, ...parts].join(' '))
}

function write(line: string): void {
  process.stderr.write(`${line}\n`)
}

await main(process.argv.slice(2))
