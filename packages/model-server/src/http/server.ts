import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { InvalidInput } from '@millrace/protocol'
import type { Log } from '../log.ts'
import { type Answer, errorAnswer, type HandlerContext, RequestError } from './answer.ts'
import { type BodyBudget, checkContentType, readBody } from './read-body.ts'
import { matchRoute } from './routes.ts'

// Not by import, which costs 35 ms and 5 MB: tests/tidy/start-cost.test.ts.
const { createServer } = process.getBuiltinModule('node:http')

export interface HttpServerOptions {
  readonly host: string
  readonly port: number
  readonly bodyBytesMax: number
  readonly keepAliveSeconds: number
  readonly context: HandlerContext
  readonly log: Log
}

export interface HttpServer {
  readonly port: number
  /** Milliseconds (performance.now) at which the last prediction was asked for. */
  readonly lastRequest: () => number
  /** Takes no new connections; resolves when every request is answered, or after `timeoutMs` with those left cut off. */
  readonly close: (timeoutMs: number) => Promise<void>
}

/** How many of the largest bodies may be held at a time. */
const largestBodiesAtOnce = 4

/** Listens; rejects with the system's error (EADDRINUSE, EACCES …) when it cannot. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { bodyBytesMax, context } = options
  const budget: BodyBudget = { bodyBytesMax, totalBytesMax: bodyBytesMax * largestBodiesAtOnce, used: 0 }
  let lastRequest = 0
  const server = createServer({ keepAliveTimeout: options.keepAliveSeconds * 1000 }, async (request, response) => {
    if (request.method === 'POST') lastRequest = performance.now()
    const answer = await answerRequest(request, options, budget)
    send(request, response, answer, context.isReady())
  })
  await listen(server, options)
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    lastRequest: () => lastRequest,
    close: (timeoutMs) => close(server, timeoutMs),
  }
}

/** Never throws: what goes wrong becomes an answer. */
async function answerRequest(
  request: IncomingMessage,
  options: HttpServerOptions,
  budget: BodyBudget,
): Promise<Answer> {
  let body: Buffer | undefined
  try {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    const match = matchRoute(request.method ?? '', path)
    if ('allow' in match) return refuseRoute(request.method ?? '', path, match.allow)
    const { route, parameters } = match
    if (route.method === 'POST') {
      checkContentType(request.headers['content-type'])
      body = await readBody(request, budget)
    }
    return await route.handle(options.context, { parameters, headers: request.headers, body: body ?? Buffer.alloc(0) })
  } catch (error) {
    return toAnswer(error, options.log)
  } finally {
    budget.used -= body?.length ?? 0
  }
}

function refuseRoute(method: string, path: string, allow: readonly string[]): Answer {
  const shown = path.slice(0, 200)
  if (allow.length === 0) return errorAnswer(404, `There is nothing at ${shown}.`)
  const methods = allow.join(', ')
  return errorAnswer(405, `${method} is not taken at ${shown}; ${methods} is.`, { allow: methods })
}

function toAnswer(error: unknown, log: Log): Answer {
  if (error instanceof InvalidInput) return errorAnswer(error.status, error.message)
  if (error instanceof RequestError) return errorAnswer(error.status, error.message, error.headers)
  log('prediction failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  return errorAnswer(500, "The model failed on this request; the server's log says why.")
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer, isReady: boolean): void {
  // A body that was refused unread would be taken for the next request: the connection ends with the answer.
  const isUnread = !request.complete && request.method === 'POST'
  response.writeHead(answer.status, {
    'content-type': answer.contentType ?? 'application/json',
    'content-length': Buffer.byteLength(answer.body),
    ...answer.headers,
    ...(isReady && !isUnread ? {} : { connection: 'close' }),
  })
  if (isUnread) return endAfterBody(request, response, answer.body)
  response.end(request.method === 'HEAD' ? undefined : answer.body)
}

/** How long a client may go on sending a body that was refused: closing on it at once could cost it the answer. */
const lingerMs = 5000

/** The answer goes out now; what still comes in is dropped unread until the client has seen it. */
function endAfterBody(request: IncomingMessage, response: ServerResponse, body: Answer['body']): void {
  response.write(body)
  const timer = setTimeout(() => response.end(), lingerMs)
  const finish = () => {
    clearTimeout(timer)
    response.end()
  }
  request.once('end', finish).once('close', finish).resume()
}

function listen(server: Server, options: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function close(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), timeoutMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}
