import { existsSync, readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import type { FetchJob } from '../fetch-options.ts'
import { redactUri } from '../redact-uri.ts'
import { StorageError } from '../storage-error.ts'

// Not by import, which costs 35 ms and 5 MB: tests/tidy/start-cost.test.ts.
const { Agent: HttpAgent, request: httpRequest } = process.getBuiltinModule('node:http')

interface HttpAnswer {
  readonly response: IncomingMessage
  /** Where the redirects ended. */
  readonly url: URL
}

const redirects = new Set([301, 302, 303, 307, 308])

/**
 * GETs a URL through the environment's proxies, following redirects. The headers that KServe's https secret brings
 * (environment `<host>-headers`, a JSON object) go to their own host only. Rejects with `StorageError` or with the
 * network's error.
 */
export async function openHttp(
  start: URL,
  headers: Readonly<Record<string, string>>,
  job: FetchJob,
): Promise<HttpAnswer> {
  let url = start
  for (let hop = 0; hop <= job.limits.redirectsMax; hop++) {
    const response = await get(url, { ...hostHeaders(url, job), ...headers }, job)
    if (!redirects.has(response.statusCode ?? 0)) return { response, url }
    response.destroy()
    const location = response.headers.location
    const next = location === undefined ? null : URL.parse(location, url.href)
    if (next === null || !/^https?:$/.test(next.protocol)) {
      throw new StorageError('Refused', `${redactUri(job.uri)} redirects to nowhere.`)
    }
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw new StorageError(
        'Refused',
        `${redactUri(job.uri)} redirects from https to http (${next.host}), which is not followed.`,
      )
    }
    url = next
  }
  throw new StorageError('Refused', `${redactUri(job.uri)} redirects more than ${job.limits.redirectsMax} times.`)
}

function get(url: URL, headers: Readonly<Record<string, string>>, job: FetchJob): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const settings = {
      headers: { 'accept-encoding': 'identity', 'user-agent': 'millrace-storage', ...headers },
      signal: job.signal,
    }
    let answer: IncomingMessage | undefined
    const onResponse = (response: IncomingMessage) => {
      answer = response
      resolve(response)
    }
    const proxyEnv = isLoopback(url.hostname) ? {} : { proxyEnv: { ...job.environment } }
    const request =
      url.protocol === 'https:'
        ? httpsRequest(
            url,
            { ...settings, agent: new HttpsAgent({ ...proxyEnv, ...readCertificates(job) }) },
            onResponse,
          )
        : httpRequest(url, { ...settings, agent: new HttpAgent(proxyEnv) }, onResponse)
    request.setTimeout(job.limits.idleMs, () => {
      const error = new Error(`nothing came for ${job.limits.idleMs} ms`)
      if (answer === undefined) request.destroy(error)
      else answer.destroy(error)
    })
    request.on('error', reject)
    request.end()
  })
}

/** Loopback is never reached through a proxy, whatever NO_PROXY says. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function hostHeaders(url: URL, job: FetchJob): Record<string, string> {
  const name = `${url.hostname}-headers`
  const text = job.environment[name]
  if (text === undefined || text === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const isHeaders =
    typeof value === 'object' && value !== null && Object.values(value).every((v) => typeof v === 'string')
  if (!isHeaders)
    throw new StorageError('Invalid', `The headers for ${url.hostname} (${name}) are no JSON object of texts.`)
  return value as Record<string, string>
}

/** The CA bundle that the platform mounts (KServe's caBundleConfigMapName), beside the usual ones. */
function readCertificates(job: FetchJob): { ca?: string[] } {
  if (!job.environment['CA_BUNDLE_CONFIGMAP_NAME']) return {}
  const file = join(job.environment['CA_BUNDLE_VOLUME_MOUNT_POINT'] ?? '/etc/ssl/custom-certs', 'cabundle.crt')
  if (!existsSync(file)) {
    job.log('the CA bundle is not there, using the default certificates', { file })
    return {}
  }
  return { ca: [...defaultCertificates(), readFileSync(file, 'utf8')] }
}

function defaultCertificates(): readonly string[] {
  return process.getBuiltinModule('node:tls').getCACertificates('default')
}
