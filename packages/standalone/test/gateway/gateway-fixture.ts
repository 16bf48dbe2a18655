import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { resources } from '@millrace/kube'
import { type Gateway, type GatewayOptions, startGateway } from '../../src/gateway/start-gateway.ts'
import { type FakeCluster, fakeCluster } from '../fake-cluster.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly text: string
}

export interface GatewayFixture {
  readonly cluster: FakeCluster
  readonly gateway: Gateway
  /** A real server on loopback; the answer is its port. */
  serve(listener: RequestListener): Promise<{ port: number; server: Server }>
  /** A Service `name` with these endpoints. */
  service(name: string, endpoints: { port: number; ready?: boolean; serving?: boolean }[]): void
  ingress(host: string, service: string): void
  ask(
    host: string,
    path: string,
    options?: { method?: string; headers?: Record<string, string>; body?: string | Buffer },
  ): Promise<Answer>
}

export async function gatewayFixture(t: TestContext, options: Partial<GatewayOptions> = {}): Promise<GatewayFixture> {
  const cluster = fakeCluster()
  const gateway = await startGateway(cluster.client, {
    port: 0,
    limits: { closeGraceMs: 100, connectTimeoutMs: 500 },
    ...options,
  })
  const servers: Server[] = []
  t.after(async () => {
    await gateway.close()
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })
  return {
    cluster,
    gateway,
    async serve(listener) {
      const server = createServer(listener)
      servers.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return { port: (server.address() as AddressInfo).port, server }
    },
    service(name, endpoints) {
      cluster.put(resources.services, {
        metadata: { name },
        spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
      })
      const byPort = new Map(endpoints.map((endpoint) => [endpoint.port, endpoint]))
      for (const slice of cluster.list(resources.endpointSlices)) {
        const port = (slice.ports as { port: number }[])[0]?.port ?? 0
        if (slice.metadata.name?.startsWith(`${name}-`) && !byPort.has(port)) {
          cluster.remove(resources.endpointSlices, 'default', slice.metadata.name)
        }
      }
      for (const { port, ready = true, serving = ready } of endpoints) {
        cluster.put(resources.endpointSlices, {
          metadata: { name: `${name}-${port}`, labels: { 'kubernetes.io/service-name': name } },
          endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready, serving, terminating: !ready && serving } }],
          ports: [{ name: 'http', port, protocol: 'TCP' }],
        })
      }
    },
    ingress(host, service) {
      cluster.put(resources.ingresses, {
        metadata: { name: host.replaceAll(/[^a-z]/g, '-') },
        spec: {
          rules: [
            {
              host,
              http: {
                paths: [
                  { path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } },
                ],
              },
            },
          ],
        },
      })
    },
    ask: (host, path, { method = 'GET', headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const call = httpRequest(
          { host: '127.0.0.1', port: gateway.port, path, method, agent: false, headers: { host, ...headers } },
          (answer) => {
            const parts: Buffer[] = []
            answer.on('data', (part: Buffer) => parts.push(part))
            answer.once('error', reject)
            answer.once('end', () => {
              const { statusCode = 0, trailers } = answer
              resolve({ status: statusCode, headers: answer.headers, trailers, text: Buffer.concat(parts).toString() })
            })
          },
        )
        call.once('error', reject)
        call.end(body)
      }),
  }
}

export function errorOf({ text }: Answer): { error: string; reason: string } {
  return JSON.parse(text) as { error: string; reason: string }
}

/** Lets what was written to the cluster reach the gateway. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}
