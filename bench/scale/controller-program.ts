import { openSync, readFileSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundleController } from '../../scripts/bundle-controller.ts'
import { root, type Session } from '../session.ts'

/** A controller that runs in a process of its own, and has read the state of the cluster. */
export interface RunningController {
  readonly pid: number
  readonly startSeconds: number
  stop(): Promise<void>
}

export type ControllerProgram = (session: Session, kubeconfig: string) => Promise<RunningController>

const lookEveryMs = 50

/** `millrace controller` as its image runs it: a bundle, with the same flags for Node. Its log goes to a file. */
export const millraceController: ControllerProgram = async (session, kubeconfig) => {
  const directory = session.directory()
  // A third of a second, before the clock starts.
  const program = await bundleController(join(directory, 'bundle'))
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  const health = await freePort()
  const logFile = join(directory, 'controller.log')
  const log = openSync(logFile, 'w')
  const address = `127.0.0.1:${health}`
  const flags = ['--metrics-addr', '0', '--health-probe-addr', address, '--webhook-port', '0']
  const startedMs = performance.now()
  const args = [...nodeFlags(), program, 'controller', '--kubeconfig', kubeconfig, ...flags]
  const child = session.start(process.execPath, args, {
    stdio: ['ignore', log, log],
    env: { ...process.env, MALLOC_ARENA_MAX: '2', NODE_COMPILE_CACHE: '' },
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
  const [, entrypoint] = /^ENTRYPOINT (\["node", .*\/bundle\/main\.mjs"\])$/m.exec(recipe) ?? []
  if (entrypoint === undefined) throw new Error('the recipe of the images has no entry point that runs the bundle')
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
