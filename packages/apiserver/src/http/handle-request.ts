import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiRequest, Outcome } from '../registry/api-request.ts'
import type { Platform } from '../registry/platform.ts'
import { StoreError } from '../store/store.ts'
import { ApiError, internalError, serviceUnavailable, tooManyRequests, unknownResource } from './api-error.ts'
import type { Authenticator, User } from './authenticate.ts'
import { negotiate } from './negotiate.ts'
import { readBody } from './read-body.ts'
import { parseResourcePath, type ResourcePath } from './request-path.ts'
import { type Answer, respond } from './respond.ts'

/** What answers requests that are not about a resource: discovery, OpenAPI, version, health. */
export type MetaRoutes = (path: string, request: IncomingMessage) => Promise<Answer | undefined>

export interface RequestHandlerOptions {
  readonly platform: Platform
  readonly authenticator: Authenticator
  readonly checkOrigin: (request: IncomingMessage) => void
  readonly metaRoutes: MetaRoutes
  readonly findResource: (path: ResourcePath) => ApiRequest['resource']
  /** Throws 403. */
  readonly authorize: (user: User, request: Pick<ApiRequest, 'method' | 'path' | 'query'>) => void
  readonly route: (request: ApiRequest) => Promise<Outcome>
}

/** Paths below no served group have no Status. */
const pageNotFound: Answer = { code: 404, body: '404 page not found\n', contentType: 'text/plain; charset=utf-8' }

/** What the real server gives a request that is no watch. */
const deadlineMs = 60_000
/** Together kube-apiserver's defaults for reads and writes. Watches and logs are counted apart. */
const requestsMax = 600
const streamsMax = 10_000

/** Answers one request: who, what, then the verb; every failure becomes a metav1.Status. */
export function createRequestHandler(options: RequestHandlerOptions) {
  let requests = 0
  let streams = 0

  async function run(message: IncomingMessage, response: ServerResponse, warnings: string[]): Promise<void> {
    const acceptsGzip = /\bgzip\b/.test(String(message.headers['accept-encoding'] ?? ''))
    const outcome = await answer(options, message, response, warnings)
    if (!('stream' in outcome)) {
      await respond(response, await inWantedFormat(outcome, message), { acceptsGzip, warnings })
      return
    }
    if (streams >= streamsMax) throw tooManyRequests('too many watches and logs are open; close some, or try again', 10)
    requests--
    streams++
    try {
      await outcome.stream(response)
    } finally {
      requests++
      streams--
    }
  }

  return async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const warnings: string[] = []
    requests++
    try {
      if (requests > requestsMax) throw tooManyRequests('too many requests, please try again later', 1)
      await run(message, response, warnings)
    } catch (error) {
      const { status } = toApiError(options.platform, message, error)
      const headers = retryHeaders(status)
      if (response.headersSent) response.destroy()
      else await respond(response, { code: status.code, body: status, headers }, { acceptsGzip: false, warnings })
    } finally {
      requests--
    }
    // A body that was refused or ignored must not hold the connection.
    if (!message.complete) message.resume()
  }
}

async function answer(
  options: RequestHandlerOptions,
  message: IncomingMessage,
  response: ServerResponse,
  warnings: string[],
): Promise<Outcome> {
  options.checkOrigin(message)
  const [pathText = '/', queryText = ''] = splitOnce(message.url ?? '/', '?')
  const user = options.authenticator.authenticate(message)
  const meta = await options.metaRoutes(pathText, message)
  if (meta) return meta
  const path = parseResourcePath(pathText)
  const group = path ? path.group : pathText.split('/')[2]
  if (options.platform.resources.versionsOf(group ?? '').length === 0 || pathText.split('/').length < 4)
    return pageNotFound
  if (!path) throw unknownResource()
  const query = new URLSearchParams(queryText)
  const method = message.method ?? 'GET'
  options.authorize(user, { method, path, query })
  const resource = options.findResource(path)
  return options.route({
    method,
    path,
    resource,
    query,
    user,
    userAgent: message.headers['user-agent'] ?? 'unknown',
    contentType: (message.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '',
    media: negotiate(message.headers.accept),
    signal: requestSignal(options.platform, response, path, query),
    readBody: () => readBody(message),
    warn: (text) => void warnings.push(text),
  })
}

/** YAML for those who ask for it alone; the library is loaded then. */
async function inWantedFormat(outcome: Answer, message: IncomingMessage): Promise<Answer> {
  const isJson = outcome.contentType === undefined
  if (!isJson || !/^\s*application\/yaml\b/.test(message.headers.accept ?? '')) return outcome
  const { stringify } = await import('yaml')
  const value: unknown = typeof outcome.body === 'string' ? JSON.parse(outcome.body) : outcome.body
  return { ...outcome, body: stringify(value), contentType: 'application/yaml' }
}

function requestSignal(
  platform: Platform,
  response: ServerResponse,
  path: ResourcePath,
  query: URLSearchParams,
): AbortSignal {
  const stop = new AbortController()
  const isLong = path.isWatchPath || query.has('watch') || path.subresource === 'log' || path.subresource === 'proxy'
  // Timer and listener go with the answer: AbortSignal.any and .timeout would keep each request until its deadline.
  const timer = isLong ? undefined : setTimeout(() => stop.abort(new DOMException('', 'TimeoutError')), deadlineMs)
  const onClosing = (): void => stop.abort()
  // A closing server ends what would never end, and lets the rest finish.
  if (isLong) platform.closing.addEventListener('abort', onClosing)
  response.on('close', () => {
    clearTimeout(timer)
    platform.closing.removeEventListener('abort', onClosing)
    if (!response.writableFinished) stop.abort()
  })
  if (isLong && platform.closing.aborted) stop.abort()
  return stop.signal
}

function toApiError(platform: Platform, message: IncomingMessage, error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof StoreError) return storeFailure(error)
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new ApiError(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout', {})
  }
  const text = error instanceof Error ? error.message : String(error)
  const isAborted = error instanceof Error && error.name === 'AbortError'
  if (!isAborted) {
    const stack = error instanceof Error ? error.stack : undefined
    platform.log.error('request failed', {
      method: message.method,
      path: message.url?.split('?')[0],
      error: stack ?? text,
    })
  }
  return internalError(text)
}

function storeFailure(error: StoreError): ApiError {
  switch (error.code) {
    case 'Overloaded':
      return tooManyRequests(error.message, 1)
    case 'Closed':
      return serviceUnavailable(error.message)
    default:
      return internalError(error.message)
  }
}

function retryHeaders({ details }: ApiError['status']): Record<string, string> {
  const seconds = details?.retryAfterSeconds
  return seconds === undefined ? {} : { 'Retry-After': String(seconds) }
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
