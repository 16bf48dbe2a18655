import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeKubeconfig } from '@millrace/kube'
import type { Cluster } from './cluster.ts'
import { root } from './run-tool.ts'

export interface ControllerProcess {
  readonly pid: number
  /** What it has logged so far. */
  readonly log: string
  /** Undefined while it runs: then its exit code, or the signal that ended it. */
  readonly ended: string | undefined
  /** GET of a path of its health port; 0 where nobody answers. */
  health(path: string): Promise<number>
  metrics(): Promise<string>
  /** Puts its clock forwards by this much, or back. */
  jump(byMs: number): void
  /** SIGTERM, and waits: its exit code. */
  close(): Promise<string>
  kill(): Promise<void>
}

export interface ControllerListen {
  /** Where its webhook listens. */
  readonly webhook: string
  readonly webhookPort: number
  /** Absent: the cluster's own. */
  readonly server?: { readonly url: string; readonly ca: string }
  /** What happens when it has its credentials and has not begun. */
  readonly beforeStart?: () => Promise<void>
}

const node = process.execPath
const stopMsMax = 10_000
const jumpingClock = join(import.meta.dirname, 'jumping-clock.ts')

/**
 * Runs the controller as its Deployment says: with those arguments, and with the rights of its service account and no
 * others. Only its addresses are this machine's.
 */
export async function startControllerProcess(
  cluster: Cluster,
  args: readonly string[],
  listen: ControllerListen,
): Promise<ControllerProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-controller-'))
  const kubeconfig = join(directory, 'kubeconfig')
  const [health, metrics] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')]
  const { url, ca } = listen.server ?? cluster.kubernetes
  await writeKubeconfig(kubeconfig, {
    name: 'controller',
    server: url,
    certificateAuthority: ca,
    token: await serviceAccountToken(cluster),
    namespace: 'kserve',
  })
  const replaced: Readonly<Record<string, string>> = {
    '--namespace': 'kserve',
    '--metrics-addr': `127.0.0.1:${metrics}`,
    '--health-probe-addr': `127.0.0.1:${health}`,
    '--webhook-host': listen.webhook,
    '--webhook-port': String(listen.webhookPort),
  }
  const own = args.map((arg) => {
    const [flag = '', value] = arg.split('=', 2)
    return value === undefined ? arg : `${flag}=${replaced[flag] ?? value}`
  })
  await listen.beforeStart?.()
  const main = join(root, 'packages/cli/src/main.ts')
  const flags = ['--disable-warning=ExperimentalWarning', '--import', jumpingClock]
  const child = spawn(node, [...flags, main, ...own, '--kubeconfig', kubeconfig], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { PATH: process.env['PATH'] ?? '', HOME: directory },
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (log += String(chunk)))
  let outcome: string | undefined
  const ended = new Promise<string>((resolve) => {
    child.on('close', (code, signal) => resolve((outcome = String(code ?? signal))))
  })
  const end = async (signal: NodeJS.Signals): Promise<string> => {
    child.kill(signal)
    const hurry = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
    const how = await ended
    clearTimeout(hurry)
    await rm(directory, { recursive: true, force: true })
    return how
  }
  return {
    pid: child.pid ?? 0,
    get log() {
      return log
    },
    get ended() {
      return outcome
    },
    jump: (byMs) => void child.send({ byMs }),
    health: async (path) => (await fetch(`http://127.0.0.1:${health}${path}`).catch(() => undefined))?.status ?? 0,
    metrics: async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text(),
    close: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  }
}

async function serviceAccountToken({ client }: Cluster): Promise<string> {
  const path = '/api/v1/namespaces/kserve/serviceaccounts/millrace-controller/token'
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } }
  const answer = await client.request('POST', path, { body })
  return Object(answer.body).status.token
}

/** A port that nobody listened on a moment ago. */
export async function freePort(host: string): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const bound = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof bound === 'object' && bound ? bound.port : 0
}
