import { spawn } from 'node:child_process'
import { dirname, resolve } from 'node:path'
import type { Connection, Credentials } from './connection.ts'
import type { CredentialContext } from './credential-context.ts'
import { KubeError } from './errors.ts'
import { isRecord } from './json-answer.ts'
import { type KubeconfigEntry, malformed } from './kubeconfig.ts'

/** client.authentication.k8s.io: a program that prints an ExecCredential. */
interface PluginCommand {
  readonly apiVersion: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly installHint: string | undefined
  readonly provideClusterInfo: boolean
  readonly needsTerminal: boolean
}

interface PluginAnswer {
  readonly credentials: Credentials
  /** Milliseconds since the epoch; undefined: until the server refuses it. */
  readonly expiresAt: number | undefined
}

const apiVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']
/** Long enough for a person to finish a login in a browser. */
const runTimeMsMax = 120_000
const outputBytesMax = 1024 * 1024
/** Asked again this long before the end, so that a call never leaves with a credential that ends on its way. */
const expiryMarginMs = 10_000

/** Runs the plugin when there is no credential or it is about to end; calls that come meanwhile share the run. */
export function createExecPlugin(
  user: KubeconfigEntry,
  context: CredentialContext,
): Pick<Connection, 'credentials' | 'forgetCredentials'> {
  const plugin = parseCommand(user)
  let answer: PluginAnswer | undefined
  let running: Promise<PluginAnswer> | undefined
  const isFresh = (one: PluginAnswer) =>
    one.expiresAt === undefined || one.expiresAt - expiryMarginMs > context.clock.now()
  return {
    credentials: async () => {
      if (answer && isFresh(answer)) return answer.credentials
      running ??= runPlugin(plugin, context).finally(() => {
        running = undefined
      })
      answer = await running
      return answer.credentials
    },
    forgetCredentials: () => {
      const had = answer !== undefined
      answer = undefined
      return had
    },
  }
}

function parseCommand(user: KubeconfigEntry): PluginCommand {
  const at = `${user.at}.exec`
  const exec = user.fields['exec']
  if (!isRecord(exec)) throw malformed(user.file, at, 'is not a map')
  const { apiVersion, command, installHint } = exec
  if (typeof apiVersion !== 'string' || !apiVersions.includes(apiVersion)) {
    throw malformed(user.file, `${at}.apiVersion`, `must be one of ${apiVersions.join(', ')}`)
  }
  if (typeof command !== 'string' || command === '') throw malformed(user.file, `${at}.command`, 'is missing')
  const args = exec['args'] ?? []
  if (!Array.isArray(args) || !args.every((arg) => typeof arg === 'string'))
    throw malformed(user.file, `${at}.args`, 'is not a list of strings')
  const interactive = exec['interactiveMode'] ?? 'IfAvailable'
  if (interactive !== 'Never' && interactive !== 'IfAvailable' && interactive !== 'Always') {
    throw malformed(user.file, `${at}.interactiveMode`, 'is not Never, IfAvailable or Always')
  }
  return {
    apiVersion,
    // A path is relative to the kubeconfig; a bare name is found in PATH.
    command: /[/\\]/.test(command) ? resolve(dirname(user.file), command) : command,
    args,
    env: parseEnvironment(user.file, at, exec['env'] ?? []),
    installHint: typeof installHint === 'string' ? installHint : undefined,
    provideClusterInfo: exec['provideClusterInfo'] === true,
    needsTerminal: interactive === 'Always',
  }
}

function parseEnvironment(file: string, at: string, list: unknown): Record<string, string> {
  if (!Array.isArray(list)) throw malformed(file, `${at}.env`, 'is not a list')
  const env: Record<string, string> = {}
  for (const [index, entry] of list.entries()) {
    if (!isRecord(entry) || typeof entry['name'] !== 'string' || typeof entry['value'] !== 'string') {
      throw malformed(file, `${at}.env[${index}]`, 'has no name or no value')
    }
    env[entry['name']] = entry['value']
  }
  return env
}

async function runPlugin(plugin: PluginCommand, context: CredentialContext): Promise<PluginAnswer> {
  if (plugin.needsTerminal && !process.stdin.isTTY)
    throw failed(plugin, 'wants a terminal (interactiveMode: Always) and there is none')
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: plugin.needsTerminal, ...(plugin.provideClusterInfo && { cluster: clusterInfo(context) }) },
  }
  const output = await runForOutput(plugin, {
    ...context.env,
    ...plugin.env,
    KUBERNETES_EXEC_INFO: JSON.stringify(info),
  })
  return parseAnswer(plugin, output)
}

function clusterInfo({ cluster, server, authority }: CredentialContext): Record<string, unknown> {
  return {
    server,
    ...(authority !== undefined && { 'certificate-authority-data': Buffer.from(authority).toString('base64') }),
    ...(cluster.fields['insecure-skip-tls-verify'] === true && { 'insecure-skip-tls-verify': true }),
    ...(typeof cluster.fields['tls-server-name'] === 'string' && {
      'tls-server-name': cluster.fields['tls-server-name'],
    }),
  }
}

function runForOutput(plugin: PluginCommand, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  return new Promise((resolveOutput, reject) => {
    // What the plugin says to a person ("open this page …") goes to the person; what it prints is the credential.
    const stdin = plugin.needsTerminal ? 'inherit' : 'ignore'
    const child = spawn(plugin.command, [...plugin.args], { env: { ...env }, stdio: [stdin, 'pipe', 'inherit'] })
    const chunks: Buffer[] = []
    let bytes = 0
    const stop = (problem: string) => {
      child.kill('SIGKILL')
      reject(failed(plugin, problem))
    }
    const timer = setTimeout(() => stop(`gave no credential within ${runTimeMsMax / 1000} s`), runTimeMsMax)
    child.stdout?.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > outputBytesMax) return stop(`printed more than ${outputBytesMax} bytes`)
      chunks.push(chunk)
    })
    child.on('error', (cause) => {
      clearTimeout(timer)
      const isMissing = 'code' in cause && cause.code === 'ENOENT'
      reject(
        failed(
          plugin,
          isMissing
            ? `was not found. ${plugin.installHint ?? 'Install it, or name another user in the kubeconfig.'}`
            : 'could not be started',
          cause,
        ),
      )
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolveOutput(Buffer.concat(chunks).toString('utf8'))
      else reject(failed(plugin, `ended with ${signal ?? `exit code ${code}`}`))
    })
  })
}

function parseAnswer(plugin: PluginCommand, output: string): PluginAnswer {
  let answer: unknown
  try {
    answer = JSON.parse(output)
  } catch {
    throw failed(plugin, 'printed something that is not JSON')
  }
  if (!isRecord(answer) || answer['kind'] !== 'ExecCredential' || answer['apiVersion'] !== plugin.apiVersion) {
    throw failed(plugin, `printed something that is not an ExecCredential of ${plugin.apiVersion}`)
  }
  const status = answer['status']
  if (!isRecord(status)) throw failed(plugin, 'printed an ExecCredential without a status')
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = status
  const hasCertificate = typeof clientCertificateData === 'string' && typeof clientKeyData === 'string'
  if (typeof token !== 'string' && !hasCertificate)
    throw failed(plugin, 'printed neither a token nor a client certificate with its key')
  const expiresAt = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.NaN
  return {
    credentials: {
      ...(typeof token === 'string' && { authorization: `Bearer ${token}` }),
      ...(hasCertificate && { certificate: clientCertificateData, key: clientKeyData }),
    },
    expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt,
  }
}

function failed(plugin: PluginCommand, problem: string, cause?: unknown): KubeError {
  return new KubeError({ code: 'BadCredentials', message: `The credential plugin ${plugin.command} ${problem}`, cause })
}
