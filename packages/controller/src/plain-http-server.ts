import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Address {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

export interface PlainAnswer {
  readonly status: number
  readonly text: string
  readonly contentType?: string
}

export interface PlainHttpServer {
  readonly port: number
  close(): Promise<void>
}

/** Answers GET by path: metrics, health. Rejects when the address cannot be had. */
export async function startPlainHttpServer(
  address: Address,
  routes: Readonly<Record<string, () => PlainAnswer | Promise<PlainAnswer>>>,
): Promise<PlainHttpServer> {
  const { createServer } = process.getBuiltinModule('node:http')
  const server = createServer((request, response) => void answer(request, response, routes))
  server.requestTimeout = 5_000
  server.maxConnections = 64
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(address.port, address.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound ? bound.port : address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Readonly<Record<string, () => PlainAnswer | Promise<PlainAnswer>>>,
): Promise<void> {
  const path = (request.url ?? '').split('?', 1)[0] ?? ''
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  const {
    status,
    text,
    contentType = 'text/plain; charset=utf-8',
  } = !route
    ? { status: 404, text: `nothing at ${path}; there is ${Object.keys(routes).join(', ')}\n` }
    : isRead
      ? await route()
      : { status: 405, text: 'GET only\n' }
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
