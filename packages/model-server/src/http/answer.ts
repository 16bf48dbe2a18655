import type { Metrics } from '../metrics.ts'
import type { ModelRepository } from '../model-repository.ts'

/** What a handler answers; the server adds length and connection headers. */
export interface Answer {
  readonly status: number
  readonly body: string | Buffer
  /** `application/json` unless given. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Request {
  /** What the route's pattern caught, percent-decoded. */
  readonly parameters: readonly string[]
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export interface HandlerContext {
  readonly models: ModelRepository
  readonly metrics: Metrics
  /** False from SIGTERM on. */
  readonly isReady: () => boolean
}

export type Handler = (context: HandlerContext, request: Request) => Answer | Promise<Answer>

/** A refusal in the form that KServe's servers publish: `{"error": "…"}`. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

export function json(value: unknown, status = 200): Answer {
  return { status, body: JSON.stringify(value) }
}

export function errorAnswer(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body: JSON.stringify({ error: message }), headers }
}
