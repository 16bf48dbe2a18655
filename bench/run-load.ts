import { once } from 'node:events'
import type { LoadResult } from './load.ts'
import type { Session } from './session.ts'

export interface Load {
  readonly origin: string
  readonly host: string
  readonly path: string
  readonly bodyFile: string
  readonly connections: number
  readonly seconds: number
}

/** Runs the load generator, a process of its own, to its end. Rejects when any request failed: such a figure means nothing. */
export async function runLoad(session: Session, load: Load): Promise<LoadResult> {
  const { origin, host, path, bodyFile, connections, seconds } = load
  const child = session.startFile('bench/load.ts', [origin, host, path, bodyFile, String(connections), String(seconds)])
  let output = ''
  let errors = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')))
  await once(child, 'close')
  if (child.exitCode !== 0) throw new Error(`the load generator ended with ${child.exitCode}: ${errors.slice(-1000)}`)
  const result = JSON.parse(output) as LoadResult
  if (result.failures > 0)
    throw new Error(`${path} at ${host}: ${result.failures} requests failed: ${result.firstFailure}`)
  return result
}
