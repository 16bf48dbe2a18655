import type { Dispatcher } from 'undici'
import type { Connection, Credentials } from './connection.ts'
import { KubeError } from './errors.ts'

export interface Pools {
  readonly certificate: string | undefined
  /** For calls that answer and end. */
  readonly calls: Dispatcher
  /** For watches and logs, which hold a connection as long as they last. */
  readonly streams: Dispatcher
  /** Ends each connection after its last call. */
  close(): Promise<void>
  /** Ends them now. */
  destroy(): Promise<void>
}

/** Below the idle timeouts of API servers and load balancers (Go: 90 s), so that a connection is never reused as the server drops it. */
const keepAliveMs = 30_000
const connectTimeoutMs = 10_000
const tcpKeepAliveMs = 20_000

export async function openPools(
  connection: Connection,
  credentials: Credentials,
  limits: { readonly connectionsMax: number; readonly streamsMax: number },
): Promise<Pools> {
  // Loaded here: it costs 60 ms that a command which only prints help need not pay.
  const { Pool, ProxyAgent } = await import('undici')
  const origin = new URL(connection.server).origin
  const tls = {
    allowH2: false,
    timeout: connectTimeoutMs,
    keepAliveInitialDelay: tcpKeepAliveMs,
    ...(connection.certificateAuthority !== undefined && { ca: connection.certificateAuthority }),
    ...(credentials.certificate !== undefined && { cert: credentials.certificate }),
    ...(credentials.key !== undefined && { key: credentials.key }),
    ...(connection.insecureSkipTlsVerify && { rejectUnauthorized: false }),
    ...(connection.tlsServerName !== undefined && { servername: connection.tlsServerName }),
  }
  const proxyUrl = connection.proxyUrl
  const open = (connections: number): Dispatcher => {
    const options = { connections, keepAliveTimeout: keepAliveMs, allowH2: false }
    if (proxyUrl === undefined) return new Pool(origin, { ...options, connect: tls })
    return new ProxyAgent({ ...options, uri: proxyUrl, requestTls: tls })
  }
  try {
    const calls = open(limits.connectionsMax)
    const streams = open(limits.streamsMax)
    return {
      certificate: credentials.certificate,
      calls,
      streams,
      close: async () => void (await Promise.all([calls.close(), streams.close()])),
      destroy: async () => void (await Promise.all([calls.destroy(), streams.destroy()])),
    }
  } catch (cause) {
    throw new KubeError({
      code: 'BadKubeconfig',
      message: `${connection.source}: cannot connect with these settings: ${String(cause)}`,
      cause,
    })
  }
}
