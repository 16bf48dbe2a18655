import { promisify } from 'node:util'
import type { Dispatcher } from 'undici'
import { errorFromFailure } from './call-failure.ts'
import { KubeError } from './errors.ts'

export interface Call {
  readonly method: string
  /** Below the server's address, with its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: string
  readonly signal?: AbortSignal
  /** What is being done, for messages: `get pods default/web`. */
  readonly what: string
}

/** A call with the place that it goes to: a proxy has to be told. */
export interface PlacedCall extends Call {
  readonly origin: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

export interface CallLimits {
  readonly deadlineMs: number
  readonly bodyBytesMax: number
}

interface RawAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly chunks: readonly Buffer[]
}

/**
 * One request and its whole answer, on undici's `dispatch`: half the cost of its `request`, which makes a stream per
 * answer. The deadline covers the wait for a free connection too.
 */
export async function sendOnce(pool: Dispatcher, call: PlacedCall, limits: CallLimits): Promise<Answer> {
  const raw = await exchange(pool, call, limits)
  const bytes = raw.chunks.length === 1 && raw.chunks[0] ? raw.chunks[0] : Buffer.concat(raw.chunks)
  const text =
    raw.headers['content-encoding'] === 'gzip' ? await gunzip(call.what, bytes, limits) : bytes.toString('utf8')
  return { status: raw.status, headers: raw.headers, text }
}

function exchange(pool: Dispatcher, call: PlacedCall, limits: CallLimits): Promise<RawAnswer> {
  const { origin, method, path, headers, body, signal, what } = call
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined
    let failure: KubeError | undefined
    let status = 0
    let bytes = 0
    let answerHeaders: Record<string, string> = {}
    const chunks: Buffer[] = []

    const settle = (finish: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      finish()
    }
    const giveUp = (error: KubeError) => {
      if (failure) return
      failure = error
      settle(() => reject(error))
      controller?.abort(error)
    }
    const onAbort = () => giveUp(new KubeError({ code: 'Aborted', message: `${what}: stopped by the caller` }))
    const timer = setTimeout(() => giveUp(deadlineError(what, limits.deadlineMs)), limits.deadlineMs)
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })

    pool.dispatch(
      {
        origin,
        method,
        path,
        headers,
        body: body ?? null,
        headersTimeout: 0,
        bodyTimeout: 0,
      } as Dispatcher.DispatchOptions,
      {
        onRequestStart: (started) => {
          controller = started
          if (failure) started.abort(failure)
        },
        onResponseStart: (_, statusCode, responseHeaders) => {
          status = statusCode
          answerHeaders = flatHeaders(responseHeaders)
        },
        onResponseData: (_, chunk) => {
          bytes += chunk.length
          if (bytes > limits.bodyBytesMax) return giveUp(tooLargeError(what, limits.bodyBytesMax))
          chunks.push(chunk)
        },
        onResponseEnd: () => {
          if (!failure) settle(() => resolve({ status, headers: answerHeaders, chunks }))
        },
        onResponseError: (_, error) => {
          if (!failure) settle(() => reject(errorFromFailure(what, error, signal)))
        },
      },
    )
  })
}

async function gunzip(what: string, bytes: Buffer, limits: CallLimits): Promise<string> {
  const zlib = await import('node:zlib')
  try {
    const plain = await promisify<Buffer, object, Buffer>(zlib.gunzip)(bytes, { maxOutputLength: limits.bodyBytesMax })
    return plain.toString('utf8')
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLargeError(what, limits.bodyBytesMax)
    throw new KubeError({
      code: 'BadAnswer',
      message: `${what}: the answer says gzip and isn't`,
      cause,
      retryable: true,
    })
  }
}

export function flatHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

function deadlineError(what: string, deadlineMs: number): KubeError {
  return new KubeError({ code: 'Timeout', message: `${what}: no answer within ${deadlineMs / 1000} s` })
}

function tooLargeError(what: string, bytesMax: number): KubeError {
  return new KubeError({
    code: 'AnswerTooLarge',
    message: `${what}: the answer is larger than ${bytesMax} bytes; list in pages (limit)`,
  })
}
