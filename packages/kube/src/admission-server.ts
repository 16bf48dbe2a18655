import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TlsOptions } from 'node:tls'
import { type Admit, type Convert, reviewAdmission, reviewConversion } from './admission-review.ts'
import type { KeyPair } from './certificates.ts'
import { type Log, silentLog } from './log.ts'

export type AdmissionHandler =
  | { readonly type: 'admission'; readonly admit: Admit }
  | { readonly type: 'conversion'; readonly convert: Convert }

export interface AdmissionServerOptions {
  /** Absent: loopback. */
  readonly host?: string
  /** Absent or 0: a free one. */
  readonly port?: number
  /** Undefined: nobody can connect until one is set. */
  readonly certificate: KeyPair | undefined
  /** By path: `/validate-serving-kserve-io-v1beta1-inferenceservice`. */
  readonly handlers: Readonly<Record<string, AdmissionHandler>>
  readonly log?: Log
  /** Called when a review for a known path begins; what it gives is called with the status that was answered. */
  readonly onRequest?: (path: string) => (httpStatus: number) => void
}

export interface AdmissionServer {
  readonly port: number
  /** New connections get the new certificate; nothing is interrupted. */
  setCertificate(certificate: KeyPair): void
  close(): Promise<void>
}

/** Twice what an API server stores at most, and the old object comes with the new one. A list is converted in one go. */
const bodyBytesMax = { admission: 8 * 1024 * 1024, conversion: 64 * 1024 * 1024 } as const
const bodyMsMax = 10_000
const connectionsMax = 512

/** Serves webhooks over TLS. Rejects when the address cannot be had. */
export async function startAdmissionServer(options: AdmissionServerOptions): Promise<AdmissionServer> {
  const { createServer } = await import('node:https')
  const { log = silentLog, handlers } = options
  const server = createServer(secureContext(options.certificate), (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const ended = Object.hasOwn(handlers, path) ? options.onRequest?.(path) : undefined
    response.once('close', () => ended?.(response.statusCode))
    void answer(path, request, response, handlers, log)
  })
  server.requestTimeout = bodyMsMax
  server.maxConnections = connectionsMax
  // kube-apiserver keeps its connections and may use one just as we close it: be the one who waits longer.
  server.keepAliveTimeout = 120_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    setCertificate: (pair) => server.setSecureContext(secureContext(pair)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
        const hurry = setTimeout(() => server.closeAllConnections(), bodyMsMax)
        hurry.unref()
      }),
  }
}

function secureContext(pair: KeyPair | undefined): TlsOptions {
  return { minVersion: 'TLSv1.2', ...(pair && { cert: pair.certificate, key: pair.key }) }
}

async function answer(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  handlers: AdmissionServerOptions['handlers'],
  log: Log,
): Promise<void> {
  const handler = handlers[path]
  if (!handler || !Object.hasOwn(handlers, path)) return send(response, 404, { message: `no webhook at ${path}` })
  if (request.method !== 'POST') return send(response, 405, { message: 'POST an AdmissionReview or ConversionReview' })
  const bytesMax = bodyBytesMax[handler.type]
  const text = await readBody(request, bytesMax).catch(() => undefined)
  if (text === undefined) return send(response, 413, { message: `a body of at most ${bytesMax} bytes is taken` })
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return send(response, 400, { message: 'the body is not JSON' })
  }
  try {
    const review =
      handler.type === 'admission'
        ? await reviewAdmission(body, handler.admit)
        : await reviewConversion(body, handler.convert)
    if (review) send(response, 200, review)
    else
      send(response, 400, {
        message: `the body is no ${handler.type === 'admission' ? 'AdmissionReview of admission.k8s.io/v1' : 'ConversionReview of apiextensions.k8s.io/v1'}`,
      })
  } catch (error) {
    log.error('A webhook failed', { path, error: error instanceof Error ? error.stack : String(error) })
    send(response, 500, { message: 'the webhook failed; its log says why' })
  }
}

async function readBody(request: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed || response.headersSent) return
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
