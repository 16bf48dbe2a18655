import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Endpoint, EndpointPools } from './endpoint-pools.ts'
import { type GatewayAnswer, sendAnswer } from './gateway-answer.ts'
import { answerHeaders } from './request-headers.ts'

/** What to ask, of whom. */
export interface Forwarding {
  readonly method: string
  readonly path: string
  readonly headers: string[]
  /** Newest first choice: asked again for every try, since endpoints come and go. */
  readonly addresses: () => readonly string[]
  /** For error messages: `Service default/iris`. */
  readonly target: string
}

export type RequestBody = IncomingMessage | Buffer | null

const triesMax = 3

/**
 * Sends the request on and streams the answer back. An endpoint that cannot be connected to is passed over for another
 * one; once a byte may have been sent, nothing is tried again. Calls `onEnd` once, with the status that the client got,
 * or 499 when it went away first.
 */
export function proxyRequest(
  body: RequestBody,
  response: ServerResponse,
  forwarding: Forwarding,
  pools: EndpointPools,
  onEnd: (status: number) => void,
): void {
  new Proxying(body, response, forwarding, pools, onEnd).start()
}

const clientGoneStatus = 499

/** Errors of connecting, and of an endpoint that was let go in this very moment. */
const noConnection = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
])

class Proxying implements Dispatcher.DispatchHandler {
  readonly #body: RequestBody
  readonly #response: ServerResponse
  readonly #forwarding: Forwarding
  readonly #pools: EndpointPools
  readonly #onEnd: (status: number) => void
  readonly #tried = new Set<string>()
  #endpoint: Endpoint | undefined
  #controller: Dispatcher.DispatchController | undefined
  #isOver = false
  #hasTrailers = false

  constructor(
    body: RequestBody,
    response: ServerResponse,
    forwarding: Forwarding,
    pools: EndpointPools,
    onEnd: (status: number) => void,
  ) {
    this.#body = body
    this.#response = response
    this.#forwarding = forwarding
    this.#pools = pools
    this.#onEnd = onEnd
  }

  start(): void {
    this.#response.once('close', () => this.#onClientClose())
    this.#try()
  }

  #try(): void {
    const endpoint = this.#pools.pick(this.#forwarding.addresses(), this.#tried)
    if (!endpoint || this.#tried.size >= triesMax) return this.#fail(unreachable(this.#forwarding, this.#tried))
    this.#tried.add(endpoint.address)
    this.#endpoint = endpoint
    this.#controller = undefined
    endpoint.outstanding += 1
    const { method, path, headers } = this.#forwarding
    try {
      endpoint.pool.dispatch({ method: method as Dispatcher.HttpMethod, path, headers, body: this.#body }, this)
    } catch (error) {
      this.onResponseError(undefined, error as Error)
    }
  }

  /** From here on bytes are sent. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#response.destroyed) controller.abort(new Error('the client went away'))
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
    statusMessage?: string,
  ): void {
    // Early hints and the like are for the next hop only.
    if (statusCode < 200) return
    const kept = answerHeaders(headers)
    this.#hasTrailers = kept.trailer !== undefined
    if (statusMessage) this.#response.writeHead(statusCode, statusMessage, kept)
    else this.#response.writeHead(statusCode, kept)
    this.#response.on('drain', () => controller.resume())
    // A stream's first event may be long in coming; that it has begun is news already.
    if (kept['content-length'] === undefined) this.#response.flushHeaders()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#response.write(chunk)) controller.pause()
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    if (this.#hasTrailers) this.#response.addTrailers(trailers as Record<string, string>)
    this.#response.end()
    this.#finish(this.#response.statusCode)
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#isOver) return
    const address = this.#endpoint?.address
    this.#release()
    const nothingSent = this.#controller === undefined && noConnection.has((error as NodeJS.ErrnoException).code ?? '')
    const isBodyWhole = !(this.#body && 'readableDidRead' in this.#body && this.#body.readableDidRead)
    if (nothingSent && isBodyWhole && !this.#response.destroyed) return this.#try()
    this.#fail(describeFailure(error, this.#forwarding, address))
  }

  #onClientClose(): void {
    if (this.#isOver) return
    this.#finish(clientGoneStatus)
    this.#controller?.abort(new Error('the client went away'))
  }

  #fail(answer: GatewayAnswer): void {
    if (this.#isOver) return
    // An answer that has begun cannot be taken back: cutting the connection is the only way to say that it is not whole.
    sendAnswer(this.#response, answer)
    this.#finish(answer.status)
  }

  #finish(status: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#release()
    this.#onEnd(status)
  }

  #release(): void {
    if (!this.#endpoint) return
    this.#endpoint.outstanding -= 1
    this.#endpoint = undefined
  }
}

function unreachable({ target, addresses }: Forwarding, tried: ReadonlySet<string>): GatewayAnswer {
  if (addresses().length === 0) {
    return { status: 503, reason: 'NoReadyEndpoints', message: `${target} has no ready pods any more; try again.` }
  }
  const list = [...tried].join(', ')
  return {
    status: 503,
    reason: 'ConnectionRefused',
    message: `${target}: no connection to ${list}; is the server listening there?`,
  }
}

function describeFailure(error: Error, { target }: Forwarding, address: string | undefined): GatewayAnswer {
  const { code = '' } = error as NodeJS.ErrnoException
  const who = address === undefined ? target : `${target} (${address})`
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return { status: 504, reason: 'Timeout', message: `${who} did not answer in time.` }
  }
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
    return { status: 400, reason: 'BadRequest', message: `The request cannot be sent on: ${error.message}.` }
  }
  return {
    status: 502,
    reason: 'BadGateway',
    message: `${who} closed the connection before its answer was whole: ${error.message}.`,
  }
}
