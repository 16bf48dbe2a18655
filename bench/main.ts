/**
 * Measures the platform on this machine and prints one table. Usage: main.ts [PART…] [--json]
 * Every part has its own processes and directories and leaves nothing behind; nothing is asserted.
 */
import { loadavg } from 'node:os'
import type { BenchPart } from './bench-part.ts'
import { machineFacts } from './machine-facts.ts'
import { apiCalls } from './parts/api-calls.ts'
import { controllerThroughput } from './parts/controller-throughput.ts'
import { idleMemory } from './parts/idle-memory.ts'
import { modelRequests } from './parts/model-requests.ts'
import { scale } from './parts/scale.ts'
import { startTimes } from './parts/start-times.ts'
import { watchFanOut } from './parts/watch-fan-out.ts'
import { formatTable, type PartResult } from './print-table.ts'
import { openSession } from './session.ts'

const parts: readonly BenchPart[] = [
  startTimes,
  idleMemory,
  modelRequests,
  apiCalls,
  watchFanOut,
  controllerThroughput,
  ...scale,
]

const args = process.argv.slice(2)
if (args.includes('--help')) {
  process.stdout.write(helpText())
  process.exit()
}
const asJson = args.includes('--json')
const wanted = args.filter((arg) => !arg.startsWith('--'))
const unknown = wanted.filter((name) => !parts.some((part) => part.name === name))
if (unknown.length > 0) {
  process.stderr.write(`no part ${unknown.join(', ')}; there are: ${parts.map((part) => part.name).join(' ')}\n`)
  process.exit(2)
}

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupted.abort(new Error(name)))

const machine = machineFacts(loadavg()[0] ?? 0)
const results: PartResult[] = []
for (const part of parts) {
  const isWanted = wanted.length > 0 ? wanted.includes(part.name) : !part.isOnlyByName
  if (interrupted.signal.aborted || !isWanted) continue
  process.stderr.write(`measuring: ${part.title} ...\n`)
  results.push(await measure(part))
}
process.stdout.write(asJson ? `${JSON.stringify({ machine, results }, null, 2)}\n` : formatTable(machine, results))
process.exitCode = results.some(({ failure }) => failure !== undefined) ? 1 : 0

function helpText(): string {
  const width = Math.max(...parts.map(({ name }) => name.length)) + 2
  const list = (chosen: readonly BenchPart[]) => chosen.map(({ name, title }) => `  ${name.padEnd(width)}${title}`)
  return `${[
    'Usage: npm run bench -- [PART...] [--json]',
    '',
    'Without a name, these:',
    ...list(parts.filter(({ isOnlyByName }) => !isOnlyByName)),
    '',
    'Only by name (they build kube-apiserver and etcd once, which needs Go and some minutes):',
    ...list(parts.filter(({ isOnlyByName }) => isOnlyByName)),
  ].join('\n')}\n`
}

async function measure({ name, title, timeoutMs, run }: BenchPart): Promise<PartResult> {
  const abort = new AbortController()
  const giveUp = (reason: Error): void => abort.abort(reason)
  const timer = setTimeout(() => giveUp(new Error(`took longer than ${timeoutMs / 1000} s`)), timeoutMs)
  const onInterrupt = (): void => giveUp(new Error('interrupted'))
  interrupted.signal.addEventListener('abort', onInterrupt)
  const session = openSession(abort.signal)
  const startedMs = performance.now()
  const gaveUp = new Promise<never>((_, reject) =>
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason as Error)),
  )
  const done = (figures: PartResult['figures']) => ({
    name,
    title,
    seconds: (performance.now() - startedMs) / 1000,
    figures,
  })
  try {
    return done(await Promise.race([run(session), gaveUp]))
  } catch (error) {
    return { ...done([]), failure: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
    interrupted.signal.removeEventListener('abort', onInterrupt)
    await session.close()
  }
}
