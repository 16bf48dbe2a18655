import type { Status } from './wire.ts'

/**
 * Why a call to an API server did not succeed. From the server it is `Status.reason` (`NotFound`, `Conflict`,
 * `AlreadyExists`, `Invalid`, `Forbidden`, `TooManyRequests`, …); where no answer came it is one of ours:
 * `Unreachable`, `Timeout` (our deadline), `Aborted` (the caller's signal), `Untrusted` (TLS), `BadAnswer` (not what
 * the protocol promises), `AnswerTooLarge`, `BadCall` (the caller's own mistake), `BadKubeconfig`, `BadCredentials`.
 */
export type KubeErrorCode = string

export interface KubeErrorFields {
  readonly code: KubeErrorCode
  /** One sentence: what was being done and what happened. */
  readonly message: string
  readonly httpStatus?: number
  readonly retryAfterMs?: number
  readonly status?: Status
  readonly cause?: unknown
  /** Absent: decided from code and httpStatus. */
  readonly retryable?: boolean
}

/** The world failing: an API server that refuses, or cannot be reached. Never carries a credential. */
export class KubeError extends Error {
  override readonly name = 'KubeError'
  readonly code: KubeErrorCode
  readonly httpStatus: number | undefined
  /** The very same call may succeed later. A `Conflict` is not retryable: the object has to be read again first. */
  readonly retryable: boolean
  /** How long the server asked to wait. */
  readonly retryAfterMs: number | undefined
  /** The server's own words. */
  readonly status: Status | undefined

  constructor(fields: KubeErrorFields) {
    super(fields.message, fields.cause === undefined ? {} : { cause: fields.cause })
    this.code = fields.code
    this.httpStatus = fields.httpStatus
    this.retryable = fields.retryable ?? isRetryable(fields.code, fields.httpStatus)
    this.retryAfterMs = fields.retryAfterMs
    this.status = fields.status
  }
}

/** True for a KubeError, and with `code` for one with that code: `isKubeError(error, 'NotFound')`. */
export function isKubeError(error: unknown): error is KubeError
export function isKubeError<C extends string>(error: unknown, code: C): error is KubeError & { readonly code: C }
export function isKubeError(error: unknown, code?: KubeErrorCode): boolean {
  return error instanceof KubeError && (code === undefined || error.code === code)
}

/** The resource version asked for is too old: list again. Servers say it as `Expired` or, older, as `Gone`. */
export function isExpired(error: unknown): boolean {
  return error instanceof KubeError && (error.httpStatus === 410 || error.code === 'Expired' || error.code === 'Gone')
}

/** What kube-apiserver's reasons are for a code, for answers that carry no Status. */
const reasonOfHttpStatus: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

const detailCharactersMax = 300

/** An error answer as a KubeError. `what` says what was being done: `get pods default/web`. */
export function errorFromAnswer(
  what: string,
  answer: { readonly httpStatus: number; readonly text: string; readonly retryAfterMs?: number },
): KubeError {
  const status = parseStatus(answer.text)
  const code = status?.reason || reasonOfHttpStatus[answer.httpStatus] || `Http${answer.httpStatus}`
  const detail = status?.message || oneLine(answer.text) || `HTTP ${answer.httpStatus} without a message`
  const seconds = status?.details?.retryAfterSeconds
  const retryAfterMs = answer.retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000)
  return new KubeError({
    code,
    httpStatus: answer.httpStatus,
    message: `${what}: ${detail}`,
    ...(status && { status }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

/** An `ERROR` event of a watch as a KubeError. */
export function errorFromStatus(what: string, status: Status): KubeError {
  return errorFromAnswer(what, { httpStatus: status.code, text: JSON.stringify(status) })
}

function isRetryable(code: KubeErrorCode, httpStatus: number | undefined): boolean {
  if (httpStatus !== undefined) return httpStatus === 429 || httpStatus >= 500
  return code === 'Unreachable' || code === 'Timeout'
}

function parseStatus(text: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status') {
      return value as Status
    }
  } catch {
    // Proxies and load balancers answer in HTML or text: the caller shows that instead.
  }
  return undefined
}

function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  return flat.length > detailCharactersMax ? `${flat.slice(0, detailCharactersMax)}…` : flat
}
