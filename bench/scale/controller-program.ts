import { openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root, type Session } from '../session.ts'

/** A controller that runs in a process of its own, and has read the state of the cluster. */
export interface RunningController {
  readonly pid: number
  readonly startSeconds: number
  stop(): Promise<void>
}

export type ControllerProgram = (session: Session, kubeconfig: string) => Promise<RunningController>

const lookEveryMs = 50

/** `millrace controller` with the flags that its image gives to Node. Its log goes to a file. */
export const millraceController: ControllerProgram = async (session, kubeconfig) => {
  const health = await freePort()
  const logFile = join(session.directory(), 'controller.log')
  const log = openSync(logFile, 'w')
  const address = `127.0.0.1:${health}`
  const flags = ['--metrics-addr', '0', '--health-probe-addr', address, '--webhook-port', '0']
  const startedMs = performance.now()
  const args = [...nodeFlags(), 'packages/cli/src/main.ts', 'controller', '--kubeconfig', kubeconfig, ...flags]
  const child = session.start(process.execPath, args, {
    stdio: ['ignore', log, log],
    env: { ...process.env, MALLOC_ARENA_MAX: '2' },
  })
  while (!(await isReady(`http://${address}/readyz`))) {
    if (child.exitCode !== null) throw new Error(`the controller ended:\n${readFileSync(logFile, 'utf8').slice(-2000)}`)
    await sleep(lookEveryMs, undefined, { signal: session.signal })
  }
  return {
    pid: child.pid ?? 0,
    startSeconds: (performance.now() - startedMs) / 1000,
    stop: () => session.stop(child),
  }
}

function nodeFlags(): readonly string[] {
  const recipe = readFileSync(join(root, 'deploy/image/Containerfile'), 'utf8')
  const [, entrypoint = '[]'] = /^ENTRYPOINT (\["node", .*\/packages\/cli\/.*\])$/m.exec(recipe) ?? []
  return (JSON.parse(entrypoint) as readonly string[]).filter((word) => word.startsWith('--'))
}

async function isReady(url: string): Promise<boolean> {
  return fetch(url).then(
    async (answer) => {
      await answer.body?.cancel()
      return answer.ok
    },
    () => false,
  )
}

/** Nobody listened on it a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof bound === 'object' && bound ? bound.port : 0
}
