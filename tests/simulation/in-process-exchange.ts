import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { RequestServer } from '@millrace/apiserver'

/** What a client sends, as HTTP has it. */
export interface ExchangeRequest {
  readonly method: string
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: string
}

/** The head of an answer, its chunks as they come, and how to hang up. */
export interface Exchange {
  readonly head: Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>> }>
  readonly chunks: AsyncIterable<Uint8Array>
  /** Resolves when the answer is complete or the connection has ended. */
  readonly done: Promise<void>
  hangUp(): void
}

/** Hands a request to the server's own handler, with no socket between: as `inject` of some web frameworks. */
export function exchange(server: RequestServer, request: ExchangeRequest): Exchange {
  const response = new AnswerInMemory()
  const message = Object.assign(Readable.from(request.body === undefined ? [] : [Buffer.from(request.body)]), {
    method: request.method,
    url: request.path,
    headers: { host: '127.0.0.1', ...request.headers },
    complete: true,
  })
  // The handler uses of both just what stands here and in the class below.
  void server.handle(message as unknown as IncomingMessage, response as unknown as ServerResponse)
  return {
    head: response.head,
    chunks: response.chunks(),
    done: response.done,
    hangUp: () => response.destroy(),
  }
}

class AnswerInMemory extends EventEmitter {
  headersSent = false
  destroyed = false
  /** Nothing is ever left waiting here: the reader is as fast as the writer. */
  readonly writableLength = 0
  readonly head: Exchange['head']
  readonly done: Promise<void>
  #tellHead: (head: Awaited<Exchange['head']>) => void
  #tellDone: () => void
  #waiting: Uint8Array[] = []
  #wake: () => void = () => {}
  #hasEnded = false

  constructor() {
    super()
    const head = Promise.withResolvers<Awaited<Exchange['head']>>()
    const done = Promise.withResolvers<void>()
    this.head = head.promise
    this.done = done.promise
    this.#tellHead = head.resolve
    this.#tellDone = done.resolve
  }

  writeHead(status: number, headers: Readonly<Record<string, string | number | readonly string[]>> = {}): this {
    const flat = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])
    this.headersSent = true
    this.#tellHead({ status, headers: Object.fromEntries(flat) })
    return this
  }

  flushHeaders(): void {}

  write(chunk: Uint8Array): boolean {
    if (this.#hasEnded) return false
    this.#waiting.push(chunk)
    this.#wake()
    return true
  }

  end(chunk?: Uint8Array): void {
    if (chunk !== undefined) this.write(chunk)
    this.#finish()
  }

  destroy(): void {
    this.destroyed = true
    this.#finish()
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#waiting.shift()
      if (chunk !== undefined) yield chunk
      else if (this.#hasEnded) return
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }

  #finish(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (!this.headersSent) this.writeHead(503)
    this.#wake()
    this.#tellDone()
    queueMicrotask(() => this.emit('close'))
  }
}
