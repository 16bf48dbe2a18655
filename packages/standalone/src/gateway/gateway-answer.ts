import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** An answer that the gateway gives itself. `message` says what is wrong and what to do. */
export interface GatewayAnswer {
  readonly status: 400 | 403 | 404 | 405 | 500 | 502 | 503 | 504
  readonly reason: string
  readonly message: string
}

const statusTexts: Readonly<Record<GatewayAnswer['status'], string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/** Model servers say `{"error": "…"}` when they refuse; so does the gateway. */
export function sendAnswer(response: ServerResponse, { status, reason, message }: GatewayAnswer): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = JSON.stringify({ error: message, reason })
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(status === 503 && { 'retry-after': '1' }),
  })
  response.end(body)
}

/** The same on a connection that asked to be upgraded. */
export function sendAnswerOnSocket(socket: Duplex, { status, reason, message }: GatewayAnswer): void {
  const body = JSON.stringify({ error: message, reason })
  const head = `HTTP/1.1 ${status} ${statusTexts[status]}\r\ncontent-type: application/json\r\n`
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
}
