import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { type Clock, systemClock } from './clock.ts'
import type { Connection } from './connection.ts'
import { createCredentialSource } from './credential-source.ts'
import { KubeError } from './errors.ts'
import { inClusterConnection } from './in-cluster-connection.ts'
import { isRecord } from './json-answer.ts'
import {
  booleanField,
  type Kubeconfig,
  type KubeconfigEntry,
  type KubeconfigFile,
  malformed,
  parseKubeconfigs,
  pathField,
  pemDataField,
  textField,
} from './kubeconfig.ts'
import { proxyFromEnvironment } from './proxy-environment.ts'

export interface LoadConnectionOptions {
  /** `--kubeconfig`: this file and no other. */
  readonly kubeconfig?: string
  /** `--context`; absent: the file's current context. */
  readonly context?: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock?: Clock
}

/**
 * Finds the API server where kubectl would: `--kubeconfig`, `$KUBECONFIG` (a list, merged), the service account of the
 * pod we run in, `~/.kube/config`. Rejects with a KubeError `BadKubeconfig` that says what is wrong and where.
 */
export async function loadConnection(options: LoadConnectionOptions): Promise<Connection> {
  const { env, clock = systemClock } = options
  const listed = options.kubeconfig
    ? [options.kubeconfig]
    : (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '')
  if (listed.length === 0) {
    const inCluster = await inClusterConnection(env, clock)
    if (inCluster) return inCluster
  }
  const home = join(env['HOME'] || homedir(), '.kube', 'config')
  const files = await readFiles(listed.length > 0 ? listed : [home], options.kubeconfig !== undefined)
  if (files.length === 0) {
    const looked = listed.length > 0 ? listed.join(', ') : `$KUBECONFIG, ${home}`
    throw badKubeconfig(`No kubeconfig found (looked at ${looked}); pass --kubeconfig FILE or set KUBECONFIG`)
  }
  return connectionOf(await parseKubeconfigs(files), { ...options, clock })
}

/** Missing files of a list are left out, as kubectl does; a file named by a flag must be there. */
async function readFiles(names: readonly string[], mustExist: boolean): Promise<KubeconfigFile[]> {
  const files: KubeconfigFile[] = []
  for (const name of names) {
    const file = resolve(name)
    try {
      files.push({ file, text: await readFile(file, 'utf8') })
    } catch (cause) {
      const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
      if (isMissing && !mustExist) continue
      throw badKubeconfig(`kubeconfig ${file}: ${isMissing ? 'no such file' : 'cannot be read'}`, cause)
    }
  }
  return files
}

async function connectionOf(
  config: Kubeconfig,
  options: LoadConnectionOptions & { readonly clock: Clock },
): Promise<Connection> {
  const where = config.files.join(', ')
  const contextName = options.context ?? config.currentContext
  if (contextName === undefined)
    throw badKubeconfig(`kubeconfig ${where}: current-context is not set; ${choices('--context', config.contexts)}`)
  const context = config.contexts.get(contextName)
  if (!context)
    throw badKubeconfig(
      `kubeconfig ${where}: there is no context "${contextName}"; ${choices('choose', config.contexts)}`,
    )
  const cluster = entryNamed(context, 'cluster', config.clusters)
  if (!cluster) throw malformed(context.file, `${context.at}.cluster`, 'is missing')
  const user = entryNamed(context, 'user', config.users)

  const server = serverOf(cluster)
  const authority = await certificateAuthority(cluster)
  const skipTls = booleanField(cluster, 'insecure-skip-tls-verify')
  if (skipTls && authority !== undefined) {
    throw malformed(
      cluster.file,
      cluster.at,
      'has both insecure-skip-tls-verify and a certificate authority; remove one',
    )
  }
  const tlsServerName = textField(cluster, 'tls-server-name')
  const proxyUrl = textField(cluster, 'proxy-url') ?? proxyFromEnvironment(server, options.env)
  const source = await createCredentialSource(user, {
    cluster,
    server,
    authority,
    env: options.env,
    clock: options.clock,
  })
  return {
    server,
    namespace: textField(context, 'namespace') ?? 'default',
    source: `context ${contextName} of ${where}`,
    ...(authority !== undefined && { certificateAuthority: authority }),
    ...(skipTls && { insecureSkipTlsVerify: true }),
    ...(tlsServerName !== undefined && { tlsServerName }),
    ...(proxyUrl !== undefined && { proxyUrl }),
    ...(user && { headers: impersonationHeaders(user) }),
    ...source,
  }
}

function entryNamed(
  context: KubeconfigEntry,
  field: string,
  entries: ReadonlyMap<string, KubeconfigEntry>,
): KubeconfigEntry | undefined {
  const name = textField(context, field)
  if (name === undefined) return undefined
  const entry = entries.get(name)
  if (!entry)
    throw malformed(
      context.file,
      `${context.at}.${field}`,
      `names "${name}", which is not there; ${choices('there is', entries)}`,
    )
  return entry
}

function serverOf(cluster: KubeconfigEntry): string {
  const server = textField(cluster, 'server')
  if (server === undefined) throw malformed(cluster.file, `${cluster.at}.server`, 'is missing')
  const url = URL.parse(server.includes('://') ? server : `https://${server}`)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw malformed(cluster.file, `${cluster.at}.server`, `is not an http(s) address: "${server}"`)
  }
  return url.href.replace(/\/+$/, '')
}

async function certificateAuthority(cluster: KubeconfigEntry): Promise<string | undefined> {
  const data = pemDataField(cluster, 'certificate-authority-data')
  if (data !== undefined) return data
  const file = pathField(cluster, 'certificate-authority')
  if (file === undefined) return undefined
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw malformed(cluster.file, `${cluster.at}.certificate-authority`, `names ${file}, which cannot be read`, cause)
  }
}

/** `as`, `as-uid`, `as-groups`, `as-user-extra`: we act as somebody else, if we may. */
function impersonationHeaders(user: KubeconfigEntry): Readonly<Record<string, string | string[]>> {
  const as = textField(user, 'as')
  const uid = textField(user, 'as-uid')
  const groups = user.fields['as-groups']
  const extra = user.fields['as-user-extra'] ?? {}
  if (groups !== undefined && !isTextList(groups))
    throw malformed(user.file, `${user.at}.as-groups`, 'is not a list of strings')
  if (!isRecord(extra)) throw malformed(user.file, `${user.at}.as-user-extra`, 'is not a map')
  const headers: Record<string, string | string[]> = {}
  if (as !== undefined) headers['impersonate-user'] = as
  if (uid !== undefined) headers['impersonate-uid'] = uid
  if (groups !== undefined) headers['impersonate-group'] = groups
  for (const [key, values] of Object.entries(extra)) {
    if (!isTextList(values)) throw malformed(user.file, `${user.at}.as-user-extra.${key}`, 'is not a list of strings')
    headers[`impersonate-extra-${encodeURIComponent(key)}`] = values
  }
  return headers
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function choices(lead: string, entries: ReadonlyMap<string, unknown>): string {
  return entries.size === 0 ? 'there are none in it' : `${lead}: ${[...entries.keys()].slice(0, 10).join(', ')}`
}

function badKubeconfig(message: string, cause?: unknown): KubeError {
  return new KubeError({ code: 'BadKubeconfig', message, cause })
}
