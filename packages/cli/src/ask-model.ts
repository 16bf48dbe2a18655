import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { CommandError } from './command-error.ts'
import { shellWord } from './shell-word.ts'

export type PredictProtocol = 'v1' | 'v2'

export interface Question {
  /** The service's URL as its status tells it: its host is the Host header. */
  readonly url: URL
  /** Where the connection goes, when not to the URL's own host. */
  readonly gateway?: string
  readonly model: string
  readonly protocol: PredictProtocol
  readonly body: string
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

export interface Answer {
  readonly status: number
  readonly text: string
}

const answerBytesMax = 256 * 1024 * 1024

export function predictPath(model: string, protocol: PredictProtocol): string {
  const name = encodeURIComponent(model)
  return protocol === 'v1' ? `/v1/models/${name}:predict` : `/v2/models/${name}/infer`
}

/** The protocol that a request body is written in: V2 has a list of tensors with datatypes. */
export function protocolOf(body: unknown): PredictProtocol {
  if (typeof body !== 'object' || body === null || !('inputs' in body) || !Array.isArray(body.inputs)) return 'v1'
  const first: unknown = body.inputs[0]
  return typeof first === 'object' && first !== null && 'datatype' in first ? 'v2' : 'v1'
}

export async function askModel(question: Question): Promise<Answer> {
  const path = `${question.url.pathname.replace(/\/$/, '')}${predictPath(question.model, question.protocol)}`
  const origin = question.gateway ?? question.url.origin
  const headers = { host: question.url.host, 'content-type': 'application/json' }
  const signal = AbortSignal.any([question.signal, AbortSignal.timeout(question.timeoutMs)])
  try {
    const { request } = process.getBuiltinModule(origin.startsWith('https:') ? 'node:https' : 'node:http')
    const call = request(`${origin}${path}`, { method: 'POST', headers, signal })
    call.end(question.body)
    const [answer]: IncomingMessage[] = await once(call, 'response')
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of answer ?? []) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > answerBytesMax)
        throw new CommandError(`The answer is larger than ${answerBytesMax} bytes; ask with fewer rows.`)
    }
    return { status: answer?.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`${origin}${path} (Host ${question.url.host}) cannot be reached: ${reason}`)
  }
}

/**
 * Whether somebody answers for the host, whatever the answer: 503 says that no pod is ready, 404 with `UnknownHost` that
 * the gateway has not heard of it yet.
 */
export async function isServed(gateway: string, host: string, signal: AbortSignal): Promise<boolean> {
  const { request } = process.getBuiltinModule('node:http')
  const limit = AbortSignal.any([signal, AbortSignal.timeout(liveTimeoutMs)])
  try {
    const call = request(`${gateway}/v2/health/live`, { headers: { host }, signal: limit })
    call.end()
    const [answer]: IncomingMessage[] = await once(call, 'response')
    let text = ''
    for await (const chunk of answer ?? []) text += String(chunk)
    return answer?.statusCode !== 502 && answer?.statusCode !== 503 && !text.includes('"UnknownHost"')
  } catch {
    // The caller asks again until its own time is up, and then says for whom it waited.
    return false
  }
}

const liveTimeoutMs = 5000

/** The same question for a shell. */
export function curlCommand(
  question: Pick<Question, 'url' | 'gateway' | 'model' | 'protocol'>,
  dataFile: string,
): string {
  const path = `${question.url.pathname.replace(/\/$/, '')}${predictPath(question.model, question.protocol)}`
  const host = question.gateway === undefined ? '' : ` -H 'Host: ${question.url.host}'`
  return `curl -s${host} -H 'Content-Type: application/json' -d ${shellWord(`@${dataFile}`)} ${question.gateway ?? question.url.origin}${path}`
}
