import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hasContainerLog } from './container-log.ts'
import { logPath } from './container-attempt.ts'
import type { Pod } from './pod.ts'
import type { PodWorker } from './pod-worker.ts'
import { parseLogQuery, readContainerLog } from './read-container-log.ts'
import { usageSummary } from './usage-summary.ts'
import type { Usage } from './usage-sampler.ts'

// Not by import, which costs 35 ms and 5 MB: tests/tidy/start-cost.test.ts.
const { createServer } = process.getBuiltinModule('node:http')

export interface KubeletServerOptions {
  readonly host: string
  /** 0: a free port. */
  readonly port: number
  /** Who shows this as bearer token may read logs. */
  readonly token: string
  readonly nodeName: string
  readonly find: (namespace: string, pod: string) => PodWorker | undefined
  readonly pods: () => readonly Pod[]
  readonly usage: () => readonly Usage[]
  readonly now: () => number
}

export interface KubeletServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * The part of the kubelet's HTTP interface that others use: `/containerLogs/{namespace}/{pod}/{container}`, `/pods`,
 * `/stats/summary`, `/healthz`. Every request needs the token.
 */
export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const server = createServer({ maxHeaderSize: 16 * 1024 }, (request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else sendText(response, 500, error instanceof Error ? error.message : String(error))
    })
  })
  await listen(server, options)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, { host, port }: KubeletServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: KubeletServerOptions,
): Promise<void> {
  if (!isAuthorized(request.headers.authorization, options.token)) {
    return sendText(response, 401, 'Unauthorized: the kubelet endpoint needs its bearer token.')
  }
  if (request.method !== 'GET') return sendText(response, 405, 'Only GET is answered here.')
  const url = new URL(request.url ?? '/', 'http://kubelet')
  const [first, ...rest] = url.pathname.split('/').slice(1).map(decodeURIComponent)
  switch (first) {
    case 'healthz':
      return sendText(response, 200, 'ok')
    case 'pods':
      return sendJson(response, { apiVersion: 'v1', kind: 'PodList', metadata: {}, items: options.pods() })
    case 'stats':
      return sendJson(response, usageSummary(options.nodeName, options.usage(), options.pods()))
    case 'containerLogs':
      return sendLog(response, rest, url.searchParams, options)
    default:
      return sendText(response, 404, `There is nothing at ${url.pathname}.`)
  }
}

function isAuthorized(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

async function sendLog(
  response: ServerResponse,
  [namespace = '', pod = '', container = '']: readonly string[],
  parameters: URLSearchParams,
  options: KubeletServerOptions,
): Promise<void> {
  const worker = options.find(namespace, pod)
  if (!worker) return sendText(response, 404, `pod "${pod}" in namespace "${namespace}" does not run here`)
  const supervisor = worker.containers.find(({ container: { name } }) => name === container)
  if (!supervisor) return sendText(response, 404, `container "${container}" is not in pod "${pod}"`)
  const query = parseLogQuery(parameters, options.now())
  if ('problem' in query) return sendText(response, 400, query.problem)

  const { status } = supervisor
  const isPrevious = parameters.get('previous') === 'true'
  // While a container waits to start again, its log is the one of the life before.
  const isBetween = status.state.waiting !== undefined && status.lastState.terminated !== undefined
  const newest = logPath(worker.podDir, container, status.restartCount)
  const hasNewest = await hasContainerLog(newest)
  const shown = isPrevious || (isBetween && !hasNewest) ? status.restartCount - 1 : status.restartCount
  const path = logPath(worker.podDir, container, shown)
  if (!(await hasContainerLog(path)))
    return sendText(response, 400, noLogMessage(pod, container, isPrevious, status.state))

  const gone = new AbortController()
  response.once('close', () => gone.abort())
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
  response.flushHeaders()
  const live = isPrevious ? undefined : supervisor.liveLog
  for await (const part of readContainerLog(path, query, live, gone.signal)) {
    if (!response.write(part)) await drained(response, gone.signal)
    if (gone.signal.aborted) return
  }
  response.end()
}

function noLogMessage(
  pod: string,
  container: string,
  isPrevious: boolean,
  state: { readonly waiting?: { readonly reason: string } },
): string {
  if (isPrevious) return `previous terminated container "${container}" in pod "${pod}" not found`
  const reason = state.waiting ? `is waiting to start: ${state.waiting.reason}` : 'has no log'
  return `container "${container}" in pod "${pod}" ${reason}`
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      response.off('drain', finish)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    response.once('drain', finish)
    signal.addEventListener('abort', finish, { once: true })
  })
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${text}\n`)
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}
