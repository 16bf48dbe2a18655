import type { Dispatcher } from 'undici'
import type { Connection, Credentials } from './connection.ts'
import { KubeError } from './errors.ts'
import { undiciParts } from './undici-parts.ts'

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
  const { origin, protocol } = new URL(connection.server)
  const connect = {
    allowH2: false,
    timeout: connectTimeoutMs,
    keepAliveInitialDelay: tcpKeepAliveMs,
    ...(connection.insecureSkipTlsVerify && { rejectUnauthorized: false }),
    ...(connection.tlsServerName !== undefined && { servername: connection.tlsServerName }),
  }
  const { proxyUrl, socketPath } = connection
  try {
    const secureContext =
      protocol === 'https:' && !socketPath ? await openSecureContext(connection, credentials) : undefined
    const open = (connections: number): Dispatcher => {
      const options = { connections, keepAliveTimeout: keepAliveMs, allowH2: false }
      if (socketPath) return new (undiciParts.pool())(origin.replace(/^https:/, 'http:'), { ...options, socketPath })
      const tls = { ...connect, ...(secureContext && { secureContext }) }
      if (proxyUrl === undefined) return new (undiciParts.pool())(origin, { ...options, connect: tls })
      return new (undiciParts.proxyAgent())({ ...options, uri: proxyUrl, requestTls: tls })
    }
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

/** Made once for all connections: made anew for each, it is a part of its memory and time. */
async function openSecureContext(connection: Connection, credentials: Credentials) {
  const { createSecureContext } = await import('node:tls')
  return createSecureContext({
    ca: connection.certificateAuthority,
    cert: credentials.certificate,
    key: credentials.key,
  })
}
