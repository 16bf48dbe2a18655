import type { IncomingHttpHeaders } from 'node:http'
import type { GatewayAnswer } from './gateway-answer.ts'

/**
 * Keeps web pages of other sites away from the models: a browser says in `Origin` and `Sec-Fetch-Site` on whose behalf
 * it asks, and programs say nothing. Allowed are a host's own pages, the origins that the platform's user listed, and
 * following a link. That a page's own name may be made to point here (DNS rebinding) is no way in either: only hosts of
 * the routing table lead anywhere.
 */
export function checkBrowser(
  method: string,
  headers: IncomingHttpHeaders,
  allowedOrigins: readonly string[],
): GatewayAnswer | undefined {
  const { origin } = headers
  if (origin === undefined) {
    const isLink = headers['sec-fetch-mode'] === 'navigate' && method === 'GET'
    return headers['sec-fetch-site'] === 'cross-site' && !isLink ? refused('another site') : undefined
  }
  if (allowedOrigins.includes(origin) || hostOf(origin) === headers.host?.toLowerCase()) return undefined
  return refused(origin.slice(0, 200))
}

function refused(origin: string): GatewayAnswer {
  const message = `A web page of ${origin} may not call this host. Call it from a program, or allow that origin in the gateway's options.`
  return { status: 403, reason: 'CrossOrigin', message }
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
