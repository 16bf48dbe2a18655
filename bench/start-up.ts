import { readdirSync, readFileSync } from 'node:fs'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { printed, root, type Session } from './session.ts'

/** `millrace up`, as a user starts it, with the examples. Times are from the start of the launcher. */
export interface RunningPlatform {
  readonly child: ChildProcess
  readonly pid: number
  readonly gatewayUrl: string
  readonly kubeconfig: string
  readonly platformReadyMs: number
  readonly firstPredictionMs: number
  /** When every example had answered a request through the gateway. */
  readonly allAnsweredMs: number
}

export async function startUp(session: Session, dataDir: string): Promise<RunningPlatform> {
  const startedMs = performance.now()
  const since = (): number => performance.now() - startedMs
  const command = join(root, 'packages', 'cli', 'bin', 'millrace')
  const child = session.start(command, ['up', '--data-dir', dataDir, '--api-port', '0', '--gateway-port', '0'])
  const firstPrediction = printed(child, /^prediction /m, session.signal).then(since)
  // The line that ends the report: after it nothing more is printed, and nobody needs to read on.
  const report = printed(child, /^stop /m, session.signal)
  const [, gatewayUrl = ''] = await printed(child, /gateway (http:\S+)/, session.signal)
  const platformReadyMs = since()
  const [firstPredictionMs, allAnsweredMs] = await Promise.all([
    firstPrediction,
    answered(gatewayUrl, session.signal).then(since),
    report,
  ])
  const pid = child.pid ?? 0
  const kubeconfig = join(dataDir, 'kubeconfig')
  return { child, pid, gatewayUrl, kubeconfig, platformReadyMs, firstPredictionMs, allAnsweredMs }
}

const askAgainMs = 20

/** Resolves when each example has answered. */
async function answered(gatewayUrl: string, signal: AbortSignal): Promise<void> {
  const pool = new Pool(gatewayUrl, { connections: 8 })
  const examples = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('-input.json'))
  const ask = async (file: string): Promise<void> => {
    const name = file.replace(/-input\.json$/, '')
    const body = readFileSync(join(root, 'examples', file), 'utf8')
    const path = 'datatype' in firstInput(body) ? `/v2/models/${name}/infer` : `/v1/models/${name}:predict`
    const headers = { host: `${name}-default.example.com`, 'content-type': 'application/json' }
    for (;;) {
      signal.throwIfAborted()
      const answer = await pool.request({ method: 'POST', path, headers, body, signal })
      await answer.body.dump()
      if (answer.statusCode === 200) return
      await sleep(askAgainMs, undefined, { signal })
    }
  }
  await Promise.all(examples.map(ask))
  await pool.close()
}

function firstInput(body: string): object {
  const { inputs } = JSON.parse(body) as { readonly inputs?: readonly unknown[] }
  return Object(inputs?.[0])
}
