import { KubeError } from './errors.ts'

/** What undici, TLS and sockets throw, as a KubeError. */
export function errorFromFailure(what: string, error: unknown, signal: AbortSignal | undefined): KubeError {
  if (error instanceof KubeError) return error
  if (signal?.aborted)
    return new KubeError({ code: 'Aborted', message: `${what}: stopped by the caller`, cause: error })
  const cause = deepestCause(error)
  const systemCode = codeOf(cause)
  if (systemCode === 'UND_ERR_HEADERS_TIMEOUT' || systemCode === 'UND_ERR_BODY_TIMEOUT') {
    return new KubeError({ code: 'Timeout', message: `${what}: the server did not answer in time`, cause: error })
  }
  if (systemCode === 'UND_ERR_DESTROYED' || systemCode === 'UND_ERR_CLOSED') {
    return new KubeError({ code: 'Aborted', message: `${what}: the client was closed`, cause: error })
  }
  if (isTrustProblem(systemCode)) {
    const message = `${what}: the server's certificate is not trusted (${messageOf(cause)}); check certificate-authority and the server's address`
    return new KubeError({ code: 'Untrusted', message, cause: error })
  }
  if (systemCode.startsWith('HPE_') || (cause instanceof Error && cause.name === 'HTTPParserError')) {
    return new KubeError({
      code: 'BadAnswer',
      message: `${what}: the answer is not HTTP (${messageOf(cause)})`,
      cause: error,
      retryable: true,
    })
  }
  return new KubeError({
    code: 'Unreachable',
    message: `${what}: no connection to the API server (${messageOf(cause)})`,
    cause: error,
  })
}

/** Nothing of the request can have reached the server, so that sending it again is safe whatever it does. */
export function wasNeverSent(error: KubeError): boolean {
  if (error.code !== 'Unreachable') return false
  const code = codeOf(deepestCause(error.cause))
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'UND_ERR_CONNECT_TIMEOUT'
}

function deepestCause(error: unknown): unknown {
  let current = error
  for (let depth = 0; depth < 5; depth++) {
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors[0]
    else if (current instanceof Error && current.cause !== undefined) current = current.cause
    else break
  }
  return current
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || codeOf(error) : String(error)
}

function isTrustProblem(code: string): boolean {
  return /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/.test(code)
}
