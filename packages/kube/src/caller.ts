import { backoffMs } from './backoff.ts'
import { wasNeverSent } from './call-failure.ts'
import { type Clock, sleep, systemClock } from './clock.ts'
import type { Connection } from './connection.ts'
import { errorFromAnswer, isKubeError, KubeError } from './errors.ts'
import { parseJson } from './json-answer.ts'
import { createTokenBucket } from './token-bucket.ts'
import { createTransport, type StreamAnswer, type Transport } from './transport.ts'
import type { Answer, Call } from './unary-call.ts'
import { warningTexts } from './warning-texts.ts'

export interface CallerOptions {
  readonly clock: Clock
  /** Spreads retries. */
  readonly random: () => number
  /** Covers a call with its retries. */
  readonly deadlineMs: number
  readonly attemptsMax: number
  /** Connections for calls; more calls than that wait for their turn. */
  readonly connectionsMax: number
  /** Connections for watches and logs. */
  readonly streamsMax: number
  readonly bodyBytesMax: number
  readonly userAgent: string
  /** Absent: no limit of our own, the server's flow control decides (429). */
  readonly rateLimit?: { readonly perSecond: number; readonly burst: number }
  /** Absent: HTTP over sockets. A simulation gives one that reaches its server in process, and that can be broken. */
  readonly transport?: Transport
  /** Told of every answer, also of those that are asked for again; of a watch when it begins. Must not throw. */
  readonly onAnswer?: (answer: AnswerFacts) => void
}

export interface AnswerFacts {
  readonly method: string
  /** `host:port` */
  readonly host: string
  /** Undefined: there was no answer. */
  readonly httpStatus: number | undefined
  readonly seconds: number
}

export interface CallRequest {
  readonly what: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
}

/** Calls with retries, and error answers as errors. */
export interface Caller {
  readonly clock: Clock
  call(method: string, path: string, request: CallRequest): Promise<Answer>
  /** As `call`; the answer parsed from JSON. */
  json(method: string, path: string, request: CallRequest): Promise<unknown>
  open(method: string, path: string, request: CallRequest): Promise<StreamAnswer>
  close(): Promise<void>
}

const defaults: Omit<CallerOptions, 'rateLimit' | 'transport' | 'onAnswer'> = {
  clock: systemClock,
  random: Math.random,
  deadlineMs: 30_000,
  attemptsMax: 5,
  connectionsMax: 16,
  streamsMax: 256,
  bodyBytesMax: 256 * 1024 * 1024,
  userAgent: 'millrace',
}

const retryWait = { firstMs: 100, maxMs: 2_000 }
const errorBodyBytesMax = 64 * 1024

export function createCaller(connection: Connection, given: Partial<CallerOptions>): Caller {
  const options = { ...defaults, ...given }
  const { clock, random } = options
  const transport = given.transport ?? createTransport(connection, options)
  const bucket = options.rateLimit && createTokenBucket({ ...options.rateLimit, clock })
  // Compressing costs more than loopback saves; everywhere else large lists are an order of magnitude smaller.
  const compress = isLoopback(new URL(connection.server).hostname) ? {} : { 'accept-encoding': 'gzip' }
  const commonHeaders = { 'user-agent': options.userAgent }
  const { host } = new URL(connection.server)
  const tell = (method: string, startedAt: number, httpStatus: number | undefined) =>
    options.onAnswer?.({ method, host, httpStatus, seconds: (clock.elapsed() - startedAt) / 1000 })

  const call = async (method: string, path: string, request: CallRequest): Promise<Answer> => {
    const toSend = prepareCall(method, path, request, { ...commonHeaders, ...compress })
    const endsAt = clock.elapsed() + options.deadlineMs
    for (let attempt = 1; ; attempt++) {
      await bucket?.take(request.signal)
      const outcome = await attemptCall(transport.send, toSend, endsAt - clock.elapsed(), request.onWarning)
      if (!(outcome instanceof KubeError)) return outcome
      // Once: a token that was rotated, a plugin whose token ended early.
      const newCredentials = outcome.httpStatus === 401 && attempt === 1 && connection.forgetCredentials()
      const waitMs = retryWaitMs(outcome, method, newCredentials, () => backoffMs(attempt, { ...retryWait, random }))
      if (waitMs === undefined || attempt >= options.attemptsMax || clock.elapsed() + waitMs >= endsAt) throw outcome
      await sleep(clock, waitMs, request.signal)
      if (request.signal?.aborted) throw outcome
    }
  }

  return {
    clock,
    call,
    json: async (method, path, request) => {
      const answer = await call(method, path, request)
      return parseJson(request.what, answer.text)
    },
    open: async (method, path, request) => {
      await bucket?.take(request.signal)
      const startedAt = clock.elapsed()
      const answer = await transport.open(prepareCall(method, path, request, commonHeaders)).catch((error: unknown) => {
        tell(method, startedAt, undefined)
        throw error
      })
      tell(method, startedAt, answer.status)
      if (answer.status < 400) return answer
      if (answer.status === 401) connection.forgetCredentials()
      const text = await readAtMost(answer.body, errorBodyBytesMax)
      throw errorFromAnswer(request.what, {
        httpStatus: answer.status,
        text,
        ...retryAfterOf(answer.headers, clock.now()),
      })
    },
    close: () => transport.close(),
  }

  async function attemptCall(
    send: typeof transport.send,
    toSend: Call,
    deadlineMs: number,
    onWarning: CallRequest['onWarning'],
  ): Promise<Answer | KubeError> {
    const startedAt = clock.elapsed()
    try {
      const answer = await send(toSend, Math.max(1, deadlineMs))
      tell(toSend.method, startedAt, answer.status)
      if (onWarning) for (const text of warningTexts(answer.headers['warning'])) onWarning(text)
      if (answer.status < 400) return answer
      return errorFromAnswer(toSend.what, {
        httpStatus: answer.status,
        text: answer.text,
        ...retryAfterOf(answer.headers, clock.now()),
      })
    } catch (error) {
      tell(toSend.method, startedAt, undefined)
      if (isKubeError(error)) return error
      throw error
    }
  }
}

function prepareCall(
  method: string,
  path: string,
  request: CallRequest,
  common: Readonly<Record<string, string>>,
): Call {
  const hasBody = request.body !== undefined
  return {
    method,
    path,
    what: request.what,
    headers: { ...common, ...(hasBody && { 'content-type': 'application/json' }), ...request.headers },
    ...(hasBody && { body: JSON.stringify(request.body) }),
    ...(request.signal && { signal: request.signal }),
  }
}

/**
 * How long to wait before sending the same call again; undefined: don't. A server that refuses for load says so before it
 * does anything, so any verb may be repeated; after a broken connection only a read may, unless nothing was sent.
 */
function retryWaitMs(
  error: KubeError,
  method: string,
  newCredentials: boolean,
  plainWait: () => number,
): number | undefined {
  if (error.httpStatus === 429) return error.retryAfterMs ?? plainWait()
  if (error.httpStatus !== undefined && error.httpStatus >= 500) return error.retryAfterMs
  if (error.httpStatus === 401) return newCredentials ? 0 : undefined
  const isRead = method === 'GET' || method === 'HEAD'
  if (error.code === 'Unreachable' && (isRead || wasNeverSent(error))) return plainWait()
  if (error.code === 'BadAnswer' && isRead) return plainWait()
  return undefined
}

function retryAfterOf(headers: Readonly<Record<string, string>>, now: number): { readonly retryAfterMs?: number } {
  const value = headers['retry-after']
  if (value === undefined) return {}
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isFinite(ms) ? { retryAfterMs: Math.max(0, ms) } : {}
}

async function readAtMost(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk.subarray(0, bytesMax - bytes))
    bytes += chunk.length
    if (bytes >= bytesMax) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}
