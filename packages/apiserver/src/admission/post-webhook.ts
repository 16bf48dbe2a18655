import { Agent, request as httpsRequest } from 'node:https'
import type { CallWebhook, WebhookClientConfig } from './call-webhook.ts'

/** Where a Service's webhook really listens. */
export interface ServiceTarget {
  readonly host: string
  readonly port: number
}

/** Throws when the Service has no endpoint. */
export type ResolveService = (namespace: string, name: string, port: number) => ServiceTarget

interface Target {
  readonly host: string
  readonly port: number
  readonly path: string
  /** What the certificate must be for. */
  readonly servername: string
  /** How errors name it. */
  readonly url: string
}

const answerBytesMax = 8 * 1024 * 1024
const agentsMax = 32
const servicePortDefault = 443

/** Calls webhooks over HTTPS with their own CA; a Service is reached through its endpoints, there is no cluster network. */
export function createWebhookCaller(resolve: ResolveService): { readonly call: CallWebhook; close(): void } {
  const agents = new Map<string, Agent>()

  function agentFor(caBundle: string | undefined): Agent {
    const key = caBundle ?? ''
    const known = agents.get(key)
    if (known) return known
    const ca = caBundle ? Buffer.from(caBundle, 'base64').toString('utf8') : undefined
    const agent = new Agent({ keepAlive: true, maxSockets: 32, ...(ca === undefined ? {} : { ca }) })
    agents.set(key, agent)
    const oldest = agents.keys().next().value
    if (agents.size > agentsMax && oldest !== undefined) {
      agents.get(oldest)?.destroy()
      agents.delete(oldest)
    }
    return agent
  }

  return {
    call: async (config, review, { timeoutMs, signal }) => {
      const target = targetOf(config, resolve)
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      try {
        return await post(target, agentFor(config.caBundle), JSON.stringify(review), limit)
      } catch (error) {
        const isTimeout = limit.aborted && !signal.aborted
        const why = isTimeout
          ? `no answer within ${timeoutMs / 1000} s`
          : error instanceof Error
            ? error.message
            : String(error)
        throw new Error(`failed to call webhook: Post "${target.url}": ${why}`, { cause: error })
      }
    },
    close: () => {
      for (const agent of agents.values()) agent.destroy()
    },
  }
}

function targetOf({ url, service }: WebhookClientConfig, resolve: ResolveService): Target {
  if (url !== undefined) {
    const parsed = new URL(url)
    if (parsed.protocol !== 'https:') throw new Error(`a webhook must be called by https, not ${parsed.protocol}`)
    const host = parsed.hostname.replace(/^\[|\]$/g, '')
    const path = parsed.pathname + parsed.search
    return { host, port: Number(parsed.port || 443), path, servername: host, url }
  }
  if (!service) throw new Error('the webhook has neither url nor service')
  const { namespace, name, path = '/', port = servicePortDefault } = service
  const servername = `${name}.${namespace}.svc`
  const absolute = path.startsWith('/') ? path : `/${path}`
  return {
    ...resolve(namespace, name, port),
    path: absolute,
    servername,
    url: `https://${servername}:${port}${absolute}`,
  }
}

function post(target: Target, agent: Agent, body: string, signal: AbortSignal): Promise<unknown> {
  const { host, port, path, servername } = target
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const isAddress = /^[\d.]+$|:/.test(servername)
  const request = httpsRequest({
    host,
    port,
    path,
    method: 'POST',
    agent,
    signal,
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json',
      'Content-Length': Buffer.byteLength(body),
      Host: servername,
      'User-Agent': 'millrace-apiserver-admission',
    },
    ...(isAddress ? {} : { servername }),
  })
  request.on('error', reject)
  request.on('response', (response) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes > answerBytesMax) request.destroy(new Error(`the answer is larger than ${answerBytesMax} bytes`))
    })
    response.on('error', reject)
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      if (response.statusCode !== 200) {
        reject(new Error(`the webhook answered ${response.statusCode ?? 0}: ${text.slice(0, 200)}`))
        return
      }
      try {
        resolve(JSON.parse(text))
      } catch {
        reject(new Error('the webhook answered something that is not JSON'))
      }
    })
  })
  request.end(body)
  return promise
}
