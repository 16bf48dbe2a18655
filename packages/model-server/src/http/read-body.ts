import type { IncomingMessage } from 'node:http'
import { RequestError } from './answer.ts'

/** Bytes of all bodies that are being received or answered at a time. */
export interface BodyBudget {
  readonly bodyBytesMax: number
  readonly totalBytesMax: number
  used: number
}

/**
 * Receives a whole body into memory. Rejects with 413 beyond the limit (before reading, where the client said the length), 503
 * where all requests together hold too much, 415 for a compressed body, 400 for one that is cut off. The caller gives the
 * bytes back to the budget when it has answered.
 */
export function readBody(request: IncomingMessage, budget: BodyBudget): Promise<Buffer> {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    return Promise.reject(new RequestError(415, `Content-Encoding ${encoding} is not taken; send the body as it is.`))
  }
  const announced = refuseSize(Number(request.headers['content-length'] ?? 0), budget)
  if (announced !== undefined) return Promise.reject(announced)
  // Listeners, not `for await`: on small bodies a stream's iterator costs more than the whole prediction.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const fail = (error: RequestError) => {
      budget.used -= size
      size = 0
      request.removeAllListeners('data').removeAllListeners('end').pause()
      reject(error)
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      budget.used += chunk.length
      const refusal = refuseSize(size, budget)
      if (refusal === undefined) chunks.push(chunk)
      else fail(refusal)
    })
    request.on('end', () => {
      const [only] = chunks
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size))
    })
    request.on('close', () => {
      if (!request.complete) fail(new RequestError(400, 'The connection ended before the whole body was there.'))
    })
  })
}

function refuseSize(size: number, budget: BodyBudget): RequestError | undefined {
  if (size > budget.bodyBytesMax) {
    return new RequestError(
      413,
      `The body is larger than ${budget.bodyBytesMax} bytes; send fewer instances at a time, or start the server with --body_bytes_max.`,
    )
  }
  if (budget.used > budget.totalBytesMax) {
    return new RequestError(503, 'The server holds too many large requests already; try again.', { 'retry-after': '1' })
  }
  return undefined
}

const jsonTypes = new Set(['application/json', 'application/x-www-form-urlencoded', 'application/octet-stream'])

/**
 * 415 for bodies that say they are something else than JSON. No type and curl's default (`-d` without a header) are taken
 * as JSON; octet-stream is what V2's binary data is sent as.
 */
export function checkContentType(header: string | undefined): void {
  const type = header?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === '' || jsonTypes.has(type) || type.endsWith('+json')) return
  throw new RequestError(415, `Content-Type ${type.slice(0, 100)} is not taken; send application/json.`)
}
