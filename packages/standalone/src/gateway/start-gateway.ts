import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Client, type Log, silentLog } from '@millrace/kube'
import { checkBrowser } from './check-browser.ts'
import { createEndpointPools, type EndpointPools, type PoolLimits } from './endpoint-pools.ts'
import { type GatewayAnswer, sendAnswer, sendAnswerOnSocket } from './gateway-answer.ts'
import { createGatewayMetrics, type GatewayMetrics } from './gateway-metrics.ts'
import { startGatewayRouting } from './gateway-routing.ts'
import { proxyRequest, type RequestBody } from './proxy-request.ts'
import { forwardedHeaders } from './request-headers.ts'
import { resolveRequest, type RoutingState } from './resolve-request.ts'
import { upgradeRequest } from './upgrade-request.ts'

// Not by import, which costs 35 ms and 5 MB: tests/tidy/start-cost.test.ts.
const { createServer } = process.getBuiltinModule('node:http')

export interface GatewayOptions {
  /** 0: a free port. */
  readonly port: number
  /** Origins of web pages that may call any host, for example that of a console. */
  readonly allowedOrigins?: readonly string[]
  readonly limits?: Partial<GatewayLimits>
  /** No other gateway answers for HTTPRoutes: what becomes of them is told in their status. Default false. */
  readonly isOnlyGateway?: boolean
  readonly log?: Log
}

export interface GatewayLimits extends PoolLimits {
  /** Requests that are under way when the gateway is closed get this long. */
  readonly closeGraceMs: number
  /** How long the start waits for the API's first state; after that it goes on and says so to callers. */
  readonly syncMsMax: number
}

export interface Gateway {
  readonly url: string
  readonly port: number
  /** Prometheus text format. */
  metrics(): string
  close(): Promise<void>
}

export const gatewayLimits: GatewayLimits = {
  connectTimeoutMs: 2000,
  answerTimeoutMs: 600_000,
  idleTimeoutMs: 600_000,
  connectionsMax: 1024,
  headerBytesMax: 64 * 1024,
  closeGraceMs: 5000,
  syncMsMax: 5000,
}

/** Bodies up to this size are read before they are sent on, in one piece and with a chance to be sent elsewhere. */
const wholeBodyBytesMax = 64 * 1024
/** A request's headers have to arrive within this time. */
const headersMsMax = 30_000
const keepAliveMs = 75_000
const host = '127.0.0.1'

/**
 * The one way in: a reverse proxy on loopback that routes by host, to what Ingresses name and to cluster names, and that
 * pods use as their HTTP proxy. Resolves when it listens and knows its routes.
 */
export async function startGateway(client: Client, options: GatewayOptions): Promise<Gateway> {
  const log = options.log ?? silentLog
  const limits = { ...gatewayLimits, ...options.limits }
  const pools = createEndpointPools(limits)
  const routing = startGatewayRouting(client, { log, pools, isOnlyGateway: options.isOnlyGateway ?? false })
  const metrics = createGatewayMetrics()
  const servers: Server[] = []
  const upgraded = new Set<Duplex>()
  try {
    const main = createGatewayServer(limits)
    await listen(main, host, options.port)
    const { port } = main.address() as AddressInfo
    servers.push(main, ...(await listenOnIpv6(port, limits, log)))
    const context: Context = {
      state: routing.state(port),
      isSynced: () => routing.isSynced,
      pools,
      metrics,
      limits,
      allowedOrigins: options.allowedOrigins ?? [],
      upgraded,
    }
    for (const server of servers) serve(server, context)
    await Promise.race([routing.synced, new Promise((resolve) => setTimeout(resolve, limits.syncMsMax).unref())])
    return {
      port,
      url: `http://${host}:${port}`,
      metrics: () => metrics.text(),
      close: () => close({ servers, upgraded, routing, pools, limits }),
    }
  } catch (error) {
    await close({ servers, upgraded, routing, pools, limits })
    throw error
  }
}

interface Context {
  readonly state: RoutingState
  readonly isSynced: () => boolean
  readonly pools: EndpointPools
  readonly metrics: GatewayMetrics
  readonly limits: GatewayLimits
  readonly allowedOrigins: readonly string[]
  /** Connections that have been upgraded: the server no longer knows them. */
  readonly upgraded: Set<Duplex>
}

function createGatewayServer(limits: GatewayLimits): Server {
  return createServer({
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: headersMsMax,
    // A body may take as long as it takes: models are fed with big ones.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveMs,
  })
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => reject(new Error(listenProblem(error, `${address}:${port}`), { cause: error }))
    server.once('error', refuse)
    server.listen({ port, host: address, exclusive: true }, () => {
      server.off('error', refuse)
      resolve()
    })
  })
}

function listenProblem(error: Error, where: string): string {
  const code = 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return `the gateway cannot listen on ${where}: the port is in use by another program; stop it, or choose another port`
  }
  if (code === 'EACCES') return `the gateway is not allowed to listen on ${where}: choose a port above 1023`
  return `the gateway cannot listen on ${where}: ${error.message}`
}

/** Browsers try `localhost` as ::1 first. A machine without IPv6 does without. */
async function listenOnIpv6(port: number, limits: GatewayLimits, log: Log): Promise<Server[]> {
  const server = createGatewayServer(limits)
  try {
    await listen(server, '::1', port)
    return [server]
  } catch (error) {
    log.debug('The gateway does not listen on IPv6', { error: String(error) })
    return []
  }
}

function serve(server: Server, context: Context): void {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => handle(request, response, context))
  // Only now is the client told to send its body: a request that leads nowhere is refused before.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response, context, () => response.writeContinue())
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void handleUpgrade(request, socket, head, context)
  })
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    const message = 'CONNECT is not answered: the gateway reaches services of this platform only.'
    sendAnswerOnSocket(socket, { status: 405, reason: 'NotAProxy', message })
  })
}

function handle(request: IncomingMessage, response: ServerResponse, context: Context, onAccepted?: () => void): void {
  const begin = performance.now()
  const onEnd = (status: number) => context.metrics.count(status, performance.now() - begin)
  const decided = decide(request, context)
  if ('status' in decided) {
    refuse(request, response, decided)
    return onEnd(decided.status)
  }
  onAccepted?.()
  withBody(request, (body) => proxyRequest(body, response, decided, context.pools, onEnd))
}

/** Clients read the answer when their body is out: a small one is taken in, for any other the connection ends. */
function refuse(request: IncomingMessage, response: ServerResponse, answer: GatewayAnswer): void {
  const isComing = hasBody(request) && request.headers.expect === undefined
  if (!hasBody(request) || (isComing && isSmall(request))) request.resume()
  else {
    response.setHeader('connection', 'close')
    response.once('finish', () => request.destroy())
  }
  sendAnswer(response, answer)
}

async function handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, context: Context): Promise<void> {
  const begin = performance.now()
  socket.on('error', () => socket.destroy())
  context.upgraded.add(socket)
  socket.once('close', () => context.upgraded.delete(socket))
  const decided = decide(request, context)
  const address = 'status' in decided ? undefined : context.pools.pick(decided.addresses())?.address
  if ('status' in decided || address === undefined) {
    const gone: GatewayAnswer = {
      status: 503,
      reason: 'NoReadyEndpoints',
      message: 'There is no ready pod any more; try again.',
    }
    const answer = 'status' in decided ? decided : gone
    sendAnswerOnSocket(socket, answer)
    return context.metrics.count(answer.status, performance.now() - begin)
  }
  const { connectTimeoutMs } = context.limits
  const status = await upgradeRequest(request, socket, head, { ...decided, address, connectTimeoutMs })
  context.metrics.count(status, performance.now() - begin)
}

function decide(request: IncomingMessage, context: Context) {
  const method = request.method ?? 'GET'
  const refusal = checkBrowser(method, request.headers, context.allowedOrigins)
  if (refusal) return refusal
  const found = resolveRequest(request, context.state)
  if (!found.ok) return context.isSynced() ? found.answer : notSynced
  const { path, target, addresses } = found
  return { method, path, target, addresses, headers: forwardedHeaders(request, found.host, found.route) }
}

const notSynced: GatewayAnswer = {
  status: 503,
  reason: 'NotSynced',
  message: 'The gateway does not know its routes yet: the API server has not answered so far. Try again.',
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function isSmall({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length']) <= wholeBodyBytesMax
}

/** A small body of known size as a whole, any other as a stream. */
function withBody(request: IncomingMessage, use: (body: RequestBody) => void): void {
  if (!hasBody(request)) return use(null)
  if (!isSmall(request)) return use(request)
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.once('end', () => use(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)))
}

interface Parts {
  readonly servers: readonly Server[]
  readonly upgraded: ReadonlySet<Duplex>
  readonly routing: { close(): Promise<void> }
  readonly pools: EndpointPools
  readonly limits: GatewayLimits
}

/** No new requests; those under way are finished, or cut off when the grace is over. */
async function close({ servers, upgraded, routing, pools, limits }: Parts): Promise<void> {
  const timer = setTimeout(() => {
    for (const server of servers) server.closeAllConnections()
    for (const socket of upgraded) socket.destroy()
  }, limits.closeGraceMs)
  await Promise.all(servers.map(closeServer))
  clearTimeout(timer)
  await Promise.all([routing.close(), pools.close()])
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
