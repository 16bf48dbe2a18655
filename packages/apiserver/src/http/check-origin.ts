import type { IncomingMessage } from 'node:http'
import { refused } from './api-error.ts'

/**
 * Keeps web pages out, even ones whose browser would attach something of value: the Host must be a name of this server
 * (else it is DNS rebinding), and a cross-site request, which browsers mark with Origin or Sec-Fetch-Site, is refused.
 */
export function createOriginCheck(allowedHosts: readonly string[]): (request: IncomingMessage) => void {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()))
  return (request) => {
    const host = request.headers.host ?? ''
    const hostname = hostnameOf(host)
    if (!hosts.has(hostname)) {
      throw refused(`the Host header names ${JSON.stringify(hostname)}, which is not a name of this API server`)
    }
    const { origin } = request.headers
    if (origin !== undefined && origin !== `https://${host}`) {
      throw refused('requests from web pages of another origin are not allowed')
    }
    const site = request.headers['sec-fetch-site']
    if (site === 'cross-site' || site === 'same-site') {
      throw refused('requests from web pages of another site are not allowed')
    }
  }
}

function hostnameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host)
  if (bracketed) return `[${bracketed[1] ?? ''}]`.toLowerCase()
  return (host.split(':')[0] ?? '').toLowerCase()
}

/** The names a loopback server may be called by, next to the address it listens on. */
export function loopbackHosts(host: string): readonly string[] {
  const listened = host.includes(':') ? `[${host}]` : host
  const inCluster = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ]
  return ['localhost', '127.0.0.1', '[::1]', listened, ...inCluster]
}
