import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { parse } from 'yaml'
import type { ApiAnswer, WatchEvent } from './api-answer.ts'

export interface CallOptions {
  /** Sent as it is when text, as JSON otherwise. */
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  readonly userAgent?: string
}

export interface OpenWatch {
  /** The answer when the server refused to watch. */
  readonly refused?: ApiAnswer
  /** The next events, fewer when no more come in time or the server ends the watch. */
  take(count: number): Promise<readonly WatchEvent[]>
  close(): void
}

/** Plain HTTPS calls, so that nothing of our own client stands between the scenario and the server. */
export interface ApiCaller {
  call(method: string, path: string, options?: CallOptions): Promise<ApiAnswer>
  watch(path: string, options?: CallOptions): Promise<OpenWatch>
  close(): void
}

const callDeadlineMs = 30_000
const eventsWithinMs = 8_000
const bodyBytesMax = 32 * 1024 * 1024

export function createApiCaller(server: {
  readonly url: string
  readonly ca: string
  readonly token: string
}): ApiCaller {
  const agent = new Agent({ ca: server.ca, keepAlive: true, maxSockets: 16 })
  const send = (method: string, path: string, options: CallOptions, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { body, contentType = 'application/json', accept, userAgent = 'conformance' } = options
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
      const headers: Record<string, string | number> = {
        authorization: `Bearer ${server.token}`,
        accept: accept ?? 'application/json',
        'user-agent': userAgent,
        ...(text !== undefined && { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }),
      }
      const call = request(`${server.url}${path}`, { method, agent, headers, signal })
      call.on('error', reject)
      call.on('response', resolve)
      call.end(text)
    })
  return {
    call: async (method, path, options = {}) => {
      const response = await send(method, path, options, AbortSignal.timeout(callDeadlineMs))
      return answerOf(response, await textOf(response))
    },
    watch: async (path, options = {}) => {
      const stop = new AbortController()
      const response = await send('GET', path, options, stop.signal)
      if (response.statusCode !== 200) {
        const refused = answerOf(response, await textOf(response))
        return { refused, take: async () => [], close: () => stop.abort() }
      }
      return readWatch(response, stop)
    },
    close: () => agent.destroy(),
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += chunk.length
    if (size > bodyBytesMax) throw new Error(`the answer is larger than ${bodyBytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function answerOf(response: IncomingMessage, text: string): ApiAnswer {
  const contentType = response.headers['content-type'] ?? ''
  const warnings = (response.headersDistinct.warning ?? []).map((value) => value.replace(/^299 - /, ''))
  const body: unknown = text.startsWith('{') ? JSON.parse(text) : /yaml/.test(contentType) ? parse(text) : text
  return { status: response.statusCode ?? 0, contentType, warnings, body }
}

function readWatch(response: IncomingMessage, stop: AbortController): OpenWatch {
  const events: WatchEvent[] = []
  let rest = ''
  let ended = false
  let wake = (): void => {}
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') events.push(JSON.parse(line) as WatchEvent)
    wake()
  })
  response.on('error', () => {})
  response.on('close', () => {
    ended = true
    wake()
  })
  return {
    take: async (count) => {
      const deadline = performance.now() + eventsWithinMs
      while (events.length < count && !ended) {
        const left = deadline - performance.now()
        if (left <= 0) break
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      return events.splice(0, count)
    },
    close: () => stop.abort(),
  }
}
