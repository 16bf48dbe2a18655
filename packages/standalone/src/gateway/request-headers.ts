import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Route } from './route.ts'

/** Headers that belong to one connection (RFC 9110, 7.6.1), and what undici writes itself. */
const hopByHop = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Written anew: what the last hop claims is only kept in `x-forwarded-for`'s list. */
const forwarded = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port'])

/**
 * The headers to send on, as a flat name, value list: order, spelling and repetition stay as they came. `host` is the
 * one that was asked for, which is what the backend sees unless the route rewrites it.
 */
export function forwardedHeaders(request: IncomingMessage, host: string, route: Route | undefined): string[] {
  const named = connectionHeaders(request.headers.connection)
  const removed = route?.removeHeaders
  const set = route?.setHeaders
  const headers: string[] = ['host', route?.rewrite?.host ?? host]
  const raw = request.rawHeaders
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'host' || hopByHop.has(lower) || forwarded.has(lower) || named?.has(lower)) continue
    if (removed?.includes(lower) || set?.some((item) => item.name.toLowerCase() === lower)) continue
    headers.push(name, raw[index + 1] ?? '')
  }
  for (const { name, value } of set ?? []) headers.push(name, value)
  const before = request.headers['x-forwarded-for']
  const client = request.socket.remoteAddress ?? ''
  headers.push('x-forwarded-for', before === undefined ? client : `${String(before)}, ${client}`)
  headers.push('x-forwarded-host', host, 'x-forwarded-proto', 'http')
  return headers
}

/** The answer's headers without those of the connection. */
export function answerHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = connectionHeaders(headers.connection)
  const kept: IncomingHttpHeaders = {}
  for (const name in headers) {
    // `trailer` announces what really follows here, since trailers are passed on.
    if ((hopByHop.has(name) && name !== 'trailer') || named?.has(name)) continue
    kept[name] = headers[name]
  }
  return kept
}

/** What `Connection: close, x-foo` makes hop-by-hop as well. */
function connectionHeaders(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()))
}
