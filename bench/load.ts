/**
 * A load generator in a process of its own: keeps a number of connections busy for some seconds and prints one line of
 * JSON. Usage: load.ts ORIGIN HOST PATH BODY_FILE CONNECTIONS SECONDS
 */
import { readFileSync } from 'node:fs'
import { Pool } from 'undici'

export interface LoadResult {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly requests: number
  /** With those of the warm-up. */
  readonly sent: number
  readonly failures: number
  readonly firstFailure?: string
}

const [origin = '', host = '', path = '', bodyFile = '', connections = '16', seconds = '5'] = process.argv.slice(2)
const body = readFileSync(bodyFile)
const pool = new Pool(origin, { connections: Number(connections), pipelining: 1 })
const latencies: number[] = []
let failures = 0
let sent = 0
let firstFailure: string | undefined

function ask(): Promise<void> {
  sent++
  return new Promise((resolve) => {
    const startedMs = performance.now()
    let status = 0
    let text = ''
    const fail = (reason: string): void => {
      failures++
      firstFailure ??= reason
      resolve()
    }
    pool.dispatch(
      { method: 'POST', path, headers: { host, 'content-type': 'application/json' }, body },
      {
        onRequestStart: () => {},
        onResponseStart: (_controller, statusCode) => {
          status = statusCode
        },
        onResponseData: (_controller, chunk) => {
          if (status >= 400 && text.length < 500) text += chunk.toString()
        },
        onResponseEnd: () => {
          if (status >= 400) return fail(`HTTP ${status}: ${text}`)
          latencies.push(performance.now() - startedMs)
          resolve()
        },
        onResponseError: (_controller, error) => fail(error.message),
      },
    )
  })
}

async function worker(untilMs: number): Promise<void> {
  while (performance.now() < untilMs) await ask()
}

async function run(forMs: number): Promise<number> {
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: Number(connections) }, () => worker(startedMs + forMs)))
  return (performance.now() - startedMs) / 1000
}

await run(Math.min(1000, Number(seconds) * 250))
latencies.length = 0
const elapsed = await run(Number(seconds) * 1000)
latencies.sort((left, right) => left - right)
const at = (share: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN
const result: LoadResult = {
  requestsPerSecond: latencies.length / elapsed,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  requests: latencies.length,
  sent,
  failures,
  ...(firstFailure === undefined ? {} : { firstFailure }),
}
process.stdout.write(`${JSON.stringify(result)}\n`)
await pool.destroy()
