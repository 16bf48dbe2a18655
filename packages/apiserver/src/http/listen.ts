import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'

export interface ListenOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly tls: { readonly certPem: string; readonly keyPem: string }
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

/** Serves HTTPS. Throws `ListenError`. */
export async function listen({ host, port, tls, handle }: ListenOptions): Promise<Listener> {
  const server = createServer(
    {
      cert: tls.certPem,
      key: tls.keyPem,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      noDelay: true,
    },
    (request, response) => {
      // The handler answers every failure itself; if even that fails, the connection is of no use.
      handle(request, response).catch(() => response.destroy())
    },
  )
  server.maxConnections = connectionsMax
  const bound = await bind(server, host, port)
  const urlHost = isIP(host) === 6 ? `[${host}]` : host
  return { url: `https://${urlHost}:${bound}`, port: bound, close: () => close(server) }
}

function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)))
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

function listenError(error: Error, host: string, port: number): ListenError {
  const code = 'code' in error ? error.code : undefined
  const where = `${host}:${port}`
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(
        'PortInUse',
        `${where} is in use by another program; stop it, or choose another port`,
        error,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ListenError('AddressNotAvailable', `${host} is no address of this machine; choose another one`, error)
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
