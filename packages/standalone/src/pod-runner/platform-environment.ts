/**
 * What every container gets of this process's environment: enough to find programs and to reach the outside as the user
 * does. Nothing else: the shell that started the platform may hold credentials that are none of a pod's business.
 */
const inherited = [
  'PATH',
  'LANG',
  'LC_ALL',
  'TZ',
  'HTTPS_PROXY',
  'https_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
]

/** Loopback addresses are pods and the platform itself; they are reached directly. */
const notProxied = 'localhost,127.0.0.1,::1,127.0.0.0/8'

/** The environment below a container's own. Cluster names are reached through `proxyUrl`. */
export function platformEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  proxyUrl: string | undefined,
): Record<string, string> {
  const values: Record<string, string> = {}
  for (const name of inherited) {
    const value = environment[name]
    if (value !== undefined) values[name] = value
  }
  if (proxyUrl === undefined) return values
  const own = environment['NO_PROXY'] ?? environment['no_proxy']
  const noProxy = own ? `${notProxied},${own}` : notProxied
  return { ...values, HTTP_PROXY: proxyUrl, http_proxy: proxyUrl, NO_PROXY: noProxy, no_proxy: noProxy }
}
