/**
 * The proxy that the environment names for a server (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, any case), as Go's
 * `httpproxy` reads it: loopback is never proxied; NO_PROXY holds hosts, `.suffixes`, addresses, CIDRs of IPv4, or `*`.
 */
export function proxyFromEnvironment(
  server: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const url = new URL(server)
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const proxy = url.protocol === 'https:' ? valueOf(env, 'HTTPS_PROXY') : valueOf(env, 'HTTP_PROXY')
  if (!proxy) return undefined
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return undefined
  const excluded = (valueOf(env, 'NO_PROXY') ?? '').split(',').map((entry) => entry.trim().toLowerCase())
  if (excluded.some((entry) => matches(entry, host, url.port))) return undefined
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '') return false
  if (entry === '*') return true
  if (entry.includes('/')) return isInRange(host, entry)
  const [name = '', entryPort] = /^[^:]+:\d+$/.test(entry) ? entry.split(':') : [entry, undefined]
  if (entryPort !== undefined && entryPort !== port) return false
  if (name.startsWith('.')) return host.endsWith(name)
  return host === name || host.endsWith(`.${name}`)
}

function isInRange(host: string, range: string): boolean {
  const [network = '', bits = ''] = range.split('/')
  const address = ipv4Number(host)
  const start = ipv4Number(network)
  const prefix = Number(bits)
  if (address === undefined || start === undefined || !(prefix >= 0 && prefix <= 32)) return false
  const size = 2 ** (32 - prefix)
  return Math.floor(address / size) === Math.floor(start / size)
}

function ipv4Number(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (!match) return undefined
  return match.slice(1).reduce((sum, part) => sum * 256 + Number(part), 0)
}

function valueOf(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  return env[name] || env[name.toLowerCase()]
}
