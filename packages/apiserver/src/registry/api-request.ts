import type { ServerResponse } from 'node:http'
import type { User } from '../http/authenticate.ts'
import type { MediaChoice } from '../http/negotiate.ts'
import type { ResourcePath } from '../http/request-path.ts'
import type { Answer } from '../http/respond.ts'
import type { ServedResource } from './served-resource.ts'

/** One request for a served resource, as the verbs see it. */
export interface ApiRequest {
  readonly method: string
  readonly path: ResourcePath
  readonly resource: ServedResource
  readonly query: URLSearchParams
  readonly user: User
  readonly userAgent: string
  /** Media type of the body, without parameters. */
  readonly contentType: string
  readonly media: MediaChoice
  /** Aborts when the client has gone, the deadline has passed or the server closes. */
  readonly signal: AbortSignal
  readBody(): Promise<Buffer>
  /** Adds a Warning header to the answer. */
  warn(text: string): void
}

/** An answer whose body is written over time: watches and logs. Resolves when it has ended. */
export interface StreamedAnswer {
  readonly stream: (response: ServerResponse) => Promise<void>
}

export type Outcome = Answer | StreamedAnswer
