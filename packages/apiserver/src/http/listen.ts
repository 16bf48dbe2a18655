import { chmodSync, rmSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { isIP, type ListenOptions as NetListenOptions } from 'node:net'

// Not by import, which costs 35 ms and 5 MB: tests/tidy/start-cost.test.ts.
const { createServer: createHttpServer } = process.getBuiltinModule('node:http')

export interface ListenOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly tls: { readonly certPem: string; readonly keyPem: string }
  /** A Unix socket that answers beside the port, without TLS. Its directory decides who may connect. */
  readonly socketPath?: string
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

export interface Listener {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export type ListenErrorCode = 'PortInUse' | 'AddressNotAvailable' | 'PermissionDenied' | 'ListenFailed'

export class ListenError extends Error {
  readonly code: ListenErrorCode

  constructor(code: ListenErrorCode, message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'ListenError'
    this.code = code
  }
}

const headersTimeoutMs = 15_000
const requestTimeoutMs = 60_000
const keepAliveTimeoutMs = 120_000
const headerBytesMax = 64 * 1024
const closeGraceMs = 2_000
const connectionsMax = 12_000

const limits = {
  maxHeaderSize: headerBytesMax,
  headersTimeout: headersTimeoutMs,
  requestTimeout: requestTimeoutMs,
  keepAliveTimeout: keepAliveTimeoutMs,
  noDelay: true,
}

/** Serves HTTPS. Throws `ListenError`. */
export async function listen({ host, port, tls, socketPath, handle }: ListenOptions): Promise<Listener> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // The handler answers every failure itself; if even that fails, the connection is of no use.
    handle(request, response).catch(() => response.destroy())
  }
  const tlsOptions = { cert: tls.certPem, key: tls.keyPem, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const
  const main = createServer({ ...tlsOptions, ...limits }, onRequest)
  main.maxConnections = connectionsMax
  const bound = await bind(main, { host, port }, `${host}:${port}`)
  const servers: Server[] = [main]
  if (socketPath !== undefined) {
    const local = createHttpServer(limits, onRequest)
    local.maxConnections = connectionsMax
    // Left behind by a predecessor that was killed; whoever starts this server holds the lock of the data directory.
    rmSync(socketPath, { force: true })
    await bind(local, { path: socketPath }, socketPath)
    chmodSync(socketPath, 0o600)
    servers.push(local)
  }
  const urlHost = isIP(host) === 6 ? `[${host}]` : host
  const closeAll = async (): Promise<void> => void (await Promise.all(servers.map(close)))
  return { url: `https://${urlHost}:${bound}`, port: bound, close: closeAll }
}

/** Resolves to the port, 0 for a socket without one. */
function bind(server: Server, place: NetListenOptions, where: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, where)))
    server.listen(place, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}

function listenError(error: Error, where: string): ListenError {
  const code = 'code' in error ? error.code : undefined
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(
        'PortInUse',
        `${where} is in use by another program; stop it, or choose another port`,
        error,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ListenError(
        'AddressNotAvailable',
        `${where.replace(/:\d+$/, '')} is no address of this machine; choose another one`,
        error,
      )
    case 'EACCES':
      return new ListenError('PermissionDenied', `not allowed to listen on ${where}; choose a port above 1023`, error)
    default:
      return new ListenError('ListenFailed', `cannot listen on ${where}: ${error.message}`, error)
  }
}

/** Idle connections go at once, requests under way get a moment. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), closeGraceMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}
