import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Connection, createAuthority, fixedConnection, issueCertificate, writeKubeconfig } from '@millrace/kube'
import { buildKubernetes } from './build-kubernetes.ts'
import { type ChildProgram, startProgram } from './child-program.ts'

export interface KubernetesOptions {
  /** Runs kube-controller-manager too: all of its controllers, or those named. */
  readonly controllerManager?: boolean | readonly string[]
  /** Pods must name a ServiceAccount that is there. Default: when every controller runs, which make the accounts. */
  readonly serviceAccountAdmission?: boolean
  /** Further flags of kube-apiserver. */
  readonly apiserverFlags?: readonly string[]
  readonly log?: (line: string) => void
}

export interface Kubernetes {
  readonly url: string
  /** A member of system:masters. */
  readonly token: string
  /** PEM. */
  readonly ca: string
  /** Path, 0600, gone after `close`. */
  readonly kubeconfig: string
  readonly connection: Connection
  readonly pids: readonly number[]
  /** Ends kube-apiserver in the middle of whatever it does; what it has stored stays. */
  stopApiServer(): Promise<void>
  /** Starts it again, with further flags if wanted; resolves when it is ready. */
  startApiServer(flags?: readonly string[]): Promise<void>
  /** Ends every process and removes what they wrote. */
  close(): Promise<void>
}

/** Who the token says one is, as the embedded server's own user. */
export const administrator = { username: 'millrace-admin', groups: ['system:masters', 'system:authenticated'] }

const address = '127.0.0.1'
const readyWithinMs = 90_000
const pollMs = 50
const startsMax = 3
const dayMs = 24 * 3600 * 1000

/** A real control plane on loopback and free ports: etcd, kube-apiserver, and kube-controller-manager when asked for. */
export async function startKubernetes(options: KubernetesOptions = {}): Promise<Kubernetes> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options)
    } catch (error) {
      // A port that was free may be taken by the time it is listened on.
      const isTaken = error instanceof Error && /address already in use/.test(error.message)
      if (!isTaken || attempt >= startsMax) throw error
    }
  }
}

async function startOnce(options: KubernetesOptions): Promise<Kubernetes> {
  const programs = await buildKubernetes(options)
  const directory = await mkdtemp(join(tmpdir(), 'millrace-kubernetes-'))
  let running: readonly ChildProgram[] = []
  const start = (name: string, command: string, args: readonly string[]): ChildProgram => {
    const child = startProgram(name, command, args, join(directory, `${name}.log`))
    running = [...running, child]
    return child
  }
  const close = async (): Promise<void> => {
    await Promise.all(running.toReversed().map((program) => program.kill()))
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const keys = await writeKeys(directory)
    const [etcdPort = 0, peerPort = 0, port = 0, managerPort = 0] = await freePorts(4)
    const url = `https://${address}:${port}`
    const etcd = start('etcd', programs.etcd, etcdFlags(directory, etcdPort, peerPort))
    const serverFlags = apiserverFlags(directory, etcdPort, port, options)
    let apiserver = start('kube-apiserver', programs.apiserver, serverFlags)
    await writeKubeconfig(keys.kubeconfig, {
      name: 'kubernetes',
      server: url,
      certificateAuthority: keys.ca,
      token: keys.token,
      namespace: 'default',
    })
    await becomesReady(url, keys, [etcd, apiserver])
    if (options.controllerManager) {
      const flags = managerFlags(directory, managerPort, options)
      const manager = start('kube-controller-manager', programs.controllerManager, flags)
      if (options.controllerManager === true) await namespacesFilled(url, keys, manager)
    }
    const connection = fixedConnection({ server: url, certificateAuthority: keys.ca, token: keys.token })
    const { kubeconfig, ca, token } = keys
    return {
      url,
      token,
      ca,
      kubeconfig,
      connection,
      get pids() {
        return running.map(({ pid }) => pid)
      },
      stopApiServer: async () => {
        await apiserver.kill()
        running = running.filter((program) => program !== apiserver)
      },
      startApiServer: async (more = []) => {
        apiserver = start('kube-apiserver', programs.apiserver, [...serverFlags, ...more])
        await becomesReady(url, keys, [etcd, apiserver])
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Keys {
  readonly ca: string
  readonly token: string
  readonly kubeconfig: string
}

async function writeKeys(directory: string): Promise<Keys> {
  const validity = { now: Date.now(), validForMs: dayMs }
  const authority = createAuthority({ commonName: 'kubernetes-in-tests', ...validity })
  const server = issueCertificate(authority, {
    commonName: 'kube-apiserver',
    dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
    ipAddresses: [address],
    usage: 'server',
    ...validity,
  })
  const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const token = randomBytes(24).toString('hex')
  const { username, groups } = administrator
  const secret = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text, { mode: 0o600 })
  await Promise.all([
    mkdir(join(directory, 'manager')),
    secret('ca.crt', authority.certificate),
    secret('server.crt', server.certificate),
    secret('server.key', server.key),
    secret('accounts.key', String(accounts.privateKey.export({ type: 'pkcs8', format: 'pem' }))),
    secret('accounts.pub', String(accounts.publicKey.export({ type: 'spki', format: 'pem' }))),
    secret('tokens.csv', `${token},${username},${username},"${groups.join(',')}"\n`),
  ])
  return { ca: authority.certificate, token, kubeconfig: join(directory, 'kubeconfig') }
}

function etcdFlags(directory: string, port: number, peerPort: number): readonly string[] {
  const peer = `http://${address}:${peerPort}`
  return [
    '--data-dir',
    join(directory, 'etcd'),
    '--log-level',
    'warn',
    '--unsafe-no-fsync',
    '--listen-client-urls',
    `http://${address}:${port}`,
    '--advertise-client-urls',
    `http://${address}:${port}`,
    '--listen-peer-urls',
    peer,
    '--initial-advertise-peer-urls',
    peer,
    '--initial-cluster',
    `default=${peer}`,
  ]
}

function apiserverFlags(
  directory: string,
  etcdPort: number,
  port: number,
  options: KubernetesOptions,
): readonly string[] {
  const path = (name: string): string => join(directory, name)
  const wantsAccounts = options.serviceAccountAdmission ?? options.controllerManager === true
  return [
    `--etcd-servers=http://${address}:${etcdPort}`,
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${path('server.crt')}`,
    `--tls-private-key-file=${path('server.key')}`,
    `--cert-dir=${path('certs')}`,
    `--token-auth-file=${path('tokens.csv')}`,
    '--authorization-mode=Node,RBAC',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--endpoint-reconciler-type=none',
    `--service-account-key-file=${path('accounts.pub')}`,
    `--service-account-signing-key-file=${path('accounts.key')}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--allow-privileged=true',
    '--profiling=false',
    ...(wantsAccounts ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ...(options.apiserverFlags ?? []),
  ]
}

function managerFlags(directory: string, port: number, options: KubernetesOptions): readonly string[] {
  const kubeconfig = join(directory, 'kubeconfig')
  const controllers = Array.isArray(options.controllerManager) ? options.controllerManager : ['*']
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${address}`,
    `--secure-port=${port}`,
    `--cert-dir=${join(directory, 'manager')}`,
    '--leader-elect=false',
    '--horizontal-pod-autoscaler-sync-period=1s',
    `--controllers=${controllers.join(',')}`,
    `--service-account-private-key-file=${join(directory, 'accounts.key')}`,
    `--root-ca-file=${join(directory, 'ca.crt')}`,
  ]
}

/** Ports that nobody listened on a moment ago, all held at the same time so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve, reject) => {
        server.on('error', reject)
        server.listen(0, address, resolve)
      })
      return server
    }),
  )
  const ports = servers.map((server) => {
    const bound = server.address()
    return typeof bound === 'object' && bound ? bound.port : 0
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Before that no pod may be made: each namespace gets its account, and the authority for its pods. */
async function namespacesFilled(url: string, keys: Keys, manager: ChildProgram): Promise<void> {
  const namespace = `${url}/api/v1/namespaces/default`
  for (const path of ['serviceaccounts/default', 'configmaps/kube-root-ca.crt'])
    await answers(`${namespace}/${path}`, keys, [manager])
}

function becomesReady(url: string, keys: Keys, programs: readonly ChildProgram[]): Promise<void> {
  return answers(`${url}/readyz`, keys, programs)
}

async function answers(url: string, keys: Keys, programs: readonly ChildProgram[]): Promise<void> {
  let died: string | undefined
  for (const program of programs) void program.ended.then((text) => (died ??= text))
  const deadline = performance.now() + readyWithinMs
  for (;;) {
    if (died !== undefined) throw new Error(died)
    if ((await statusOf(url, keys)) === 200) return
    if (performance.now() > deadline) throw new Error(`${url} does not answer after ${readyWithinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

function statusOf(url: string, keys: Keys): Promise<number> {
  return new Promise((resolve) => {
    const call = request(url, { ca: keys.ca, headers: { authorization: `Bearer ${keys.token}` }, timeout: 5_000 })
    call.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(0))
    call.end()
  })
}
