import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { sendAnswerOnSocket } from './gateway-answer.ts'

// Not by import, which costs 35 ms and 5 MB: tests/tidy/start-cost.test.ts.
const { request: httpRequest } = process.getBuiltinModule('node:http')

export interface Upgrading {
  readonly address: string
  readonly target: string
  readonly method: string
  readonly path: string
  /** As for any request: flat, without hop-by-hop headers. */
  readonly headers: readonly string[]
  readonly connectTimeoutMs: number
}

/**
 * Passes an upgrade (WebSocket) through: the endpoint's answer goes back, and when it is 101, bytes flow both ways until
 * one side ends.
 */
export function upgradeRequest(
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  upgrading: Upgrading,
): Promise<number> {
  const { address, method, path, headers, target } = upgrading
  const cut = address.lastIndexOf(':')
  const protocol = request.headers.upgrade ?? ''
  return new Promise((resolve) => {
    const call = httpRequest({
      host: address.slice(0, cut).replace(/^\[|\]$/g, ''),
      port: Number(address.slice(cut + 1)),
      method,
      path,
      headers: [...headers, 'connection', 'Upgrade', 'upgrade', protocol],
      agent: false,
    })
    const slow = setTimeout(() => call.destroy(new Error('no answer in time')), upgrading.connectTimeoutMs)
    client.once('close', () => call.destroy())
    call.once('error', (error) => {
      clearTimeout(slow)
      const message = `${target} (${address}) did not take the upgrade: ${error.message}.`
      sendAnswerOnSocket(client, { status: 502, reason: 'BadGateway', message })
      resolve(502)
    })
    call.once('response', (answer) => {
      clearTimeout(slow)
      client.write(answerHead(answer))
      answer.pipe(client)
      resolve(answer.statusCode ?? 502)
    })
    call.once('upgrade', (answer, server: Duplex, serverHead) => {
      clearTimeout(slow)
      client.write(answerHead(answer))
      if (serverHead.length > 0) client.write(serverHead)
      if (head.length > 0) server.write(head)
      join(client, server)
      resolve(101)
    })
    call.end()
  })
}

function answerHead(answer: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`]
  for (let index = 0; index < answer.rawHeaders.length; index += 2) {
    // A refusal is read until the end of the connection, so its framing is not repeated.
    const name = answer.rawHeaders[index] ?? ''
    if (answer.statusCode !== 101 && /^(transfer-encoding|connection|keep-alive)$/i.test(name)) continue
    lines.push(`${name}: ${answer.rawHeaders[index + 1]}`)
  }
  if (answer.statusCode !== 101) lines.push('connection: close')
  return `${lines.join('\r\n')}\r\n\r\n`
}

function join(client: Duplex, server: Duplex): void {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
    from.pipe(to)
  }
}
