import { Agent, createServer, request as call } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createAuthority, issueCertificate } from '@millrace/kube'
import type { Kubernetes } from '../kubernetes/start-kubernetes.ts'

export interface ProxiedCall {
  readonly method: string
  readonly path: string
  readonly isWatch: boolean
}

/** What becomes of a call in place of what the API server would make of it. */
export type Fault =
  | { readonly status: 409 | 429 | 500 | 503; readonly retryAfterSeconds?: number }
  /** The server does it, and its answer gets lost. */
  | 'lose the answer'

/** Stands between a controller and the API server, and does to calls what networks and servers do. */
export interface FaultProxy {
  readonly url: string
  /** PEM. */
  readonly ca: string
  /** Asked for each call; undefined: nothing happens to it. */
  faultOf: (call: ProxiedCall) => Fault | undefined
  /** Calls that met a fault so far. */
  readonly faults: number
  /** Ends every watch in the middle of what it says: how many. */
  cutWatches(): number
  close(): Promise<void>
}

const address = '127.0.0.1'
const reasons = { 409: 'Conflict', 429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable' } as const

export async function startFaultProxy(kubernetes: Kubernetes): Promise<FaultProxy> {
  const validity = { now: Date.now(), validForMs: 24 * 3_600_000 }
  const authority = createAuthority({ commonName: 'proxy-in-tests', ...validity })
  const names = { dnsNames: [], ipAddresses: [address] }
  const pair = issueCertificate(authority, { commonName: 'proxy', usage: 'server', ...names, ...validity })
  const agent = new Agent({ keepAlive: true, ca: kubernetes.ca })
  const sockets = new Set<Socket>()
  const watches = new Set<ServerResponse>()
  const upstream = new URL(kubernetes.url)
  let faults = 0

  const forward = (incoming: IncomingMessage, response: ServerResponse, losesAnswer: boolean): void => {
    const { method, url: path, headers } = incoming
    const target = { host: upstream.hostname, port: upstream.port, agent, method, path, headers }
    const outgoing = call(target, (answer) => {
      if (losesAnswer) {
        answer.resume()
        return void response.destroy()
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('error', () => response.destroy())
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
  }
  const server = createServer({ cert: pair.certificate, key: pair.key }, (incoming, response) => {
    const path = incoming.url ?? '/'
    const isWatch = /[?&]watch=(true|1)/.test(path)
    const fault = proxy.faultOf({ method: incoming.method ?? 'GET', path, isWatch })
    if (fault) faults += 1
    if (isWatch) {
      watches.add(response)
      response.on('close', () => watches.delete(response))
    }
    if (!fault || fault === 'lose the answer') return forward(incoming, response, fault !== undefined)
    incoming.resume()
    const { status, retryAfterSeconds } = fault
    const told = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: reasons[status], code: status }
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    })
    response.end(JSON.stringify({ ...told, message: 'injected by the test' }))
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const bound = server.address()
  const port = typeof bound === 'object' && bound ? bound.port : 0
  const proxy: FaultProxy = {
    url: `https://${address}:${port}`,
    ca: authority.certificate,
    faultOf: () => undefined,
    get faults() {
      return faults
    },
    cutWatches: () => {
      const count = watches.size
      for (const response of watches) response.destroy()
      return count
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      agent.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}
