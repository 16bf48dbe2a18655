import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KubeObject } from '../src/index.ts'

export type Handler = (
  request: IncomingMessage & { readonly path: string; readonly query: URLSearchParams; readonly text: string },
  response: ServerResponse,
) => void

export interface FakeServer {
  readonly url: string
  /** `METHOD path`, in the order in which they came. */
  readonly requests: string[]
  close(): Promise<void>
}

/** The outside: a real HTTP server on loopback that does what the test says. */
export async function startFakeServer(handler: Handler): Promise<FakeServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push(`${request.method} ${url.pathname}`)
      handler(
        Object.assign(request, { path: url.pathname, query: url.searchParams, text: Buffer.concat(chunks).toString() }),
        response,
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  sendJson(
    response,
    code,
    { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
    headers,
  )
}

/** One collection (ConfigMaps) with history, lists and watches, that can be made to misbehave. */
export interface FakeCollection {
  readonly handler: Handler
  put(name: string, data?: Record<string, string>): KubeObject
  remove(name: string): void
  bookmark(): void
  /** Ends every watch in the middle of a line. */
  cutWatches(): void
  /** Ends every watch as a server does it when their time is over. */
  endWatches(): void
  /** Forgets all history: whoever comes with an older resource version gets 410. */
  forgetHistory(): void
  /** Sends raw bytes to every watch. */
  sendRaw(bytes: string): void
  readonly watches: number
  readonly lists: number
  watchList: boolean
  /** Answers the next requests with this, as long as it gives an answer. */
  refuse: ((path: string, isWatch: boolean) => { code: number; reason: string } | undefined) | undefined
}

export function createFakeCollection(): FakeCollection {
  const objects = new Map<string, KubeObject>()
  const history: { version: number; line: string }[] = []
  const watches = new Set<ServerResponse>()
  let version = 10
  let oldest = 0
  let lists = 0

  const tell = (type: string, object: KubeObject) => {
    const line = `${JSON.stringify({ type, object })}\n`
    history.push({ version, line })
    for (const watch of watches) watch.write(line)
  }
  const bookmarkLine = (initial: boolean) =>
    `${JSON.stringify({
      type: 'BOOKMARK',
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          resourceVersion: String(version),
          ...(initial && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
        },
      },
    })}\n`

  const watch = (query: URLSearchParams, response: ServerResponse) => {
    const from = query.get('resourceVersion')
    response.on('close', () => watches.delete(response))
    if (query.get('sendInitialEvents') === 'true') {
      if (!fake.watchList)
        return sendStatus(
          response,
          422,
          'Invalid',
          'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
        )
      response.writeHead(200, { 'content-type': 'application/json' })
      for (const object of objects.values()) response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`)
      response.write(bookmarkLine(true))
    } else {
      if (from !== null && Number(from) < oldest)
        return sendStatus(response, 410, 'Expired', 'too old resource version')
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      for (const event of history) if (event.version > Number(from)) response.write(event.line)
    }
    watches.add(response)
  }

  const list = (query: URLSearchParams, response: ServerResponse) => {
    lists += 1
    const all = [...objects.values()]
    const start = Number(query.get('continue') ?? 0)
    const limit = Number(query.get('limit') ?? all.length)
    const rest = start + limit < all.length ? { continue: String(start + limit) } : {}
    const items = all.slice(start, start + limit).map(withoutKind)
    sendJson(response, 200, {
      apiVersion: 'v1',
      kind: 'ConfigMapList',
      metadata: { resourceVersion: String(version), ...rest },
      items,
    })
  }

  const fake: FakeCollection = {
    handler: (request, response) => {
      const isWatch = request.query.get('watch') === 'true'
      const refusal = fake.refuse?.(request.path, isWatch)
      if (refusal) return sendStatus(response, refusal.code, refusal.reason, `refused: ${refusal.reason}`)
      return isWatch ? watch(request.query, response) : list(request.query, response)
    },
    put: (name, data = {}) => {
      const known = objects.get(name)
      version += 1
      const uid = known?.metadata.uid ?? `uid-${name}-${version}`
      const object: KubeObject = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name,
          namespace: 'default',
          uid,
          resourceVersion: String(version),
          managedFields: [{ manager: 'test' }],
        },
        data,
      }
      objects.set(name, object)
      tell(known ? 'MODIFIED' : 'ADDED', object)
      return object
    },
    remove: (name) => {
      const known = objects.get(name)
      if (!known) return
      version += 1
      objects.delete(name)
      tell('DELETED', { ...known, metadata: { ...known.metadata, resourceVersion: String(version) } })
    },
    bookmark: () => {
      for (const one of watches) one.write(bookmarkLine(false))
    },
    cutWatches: () => {
      for (const one of watches) one.write('{"type":"ADD', () => one.destroy())
      watches.clear()
    },
    endWatches: () => {
      for (const one of watches) one.end()
      watches.clear()
    },
    forgetHistory: () => {
      history.length = 0
      version += 1
      oldest = version
    },
    sendRaw: (bytes) => {
      for (const one of watches) one.write(bytes)
    },
    get watches() {
      return watches.size
    },
    get lists() {
      return lists
    },
    watchList: true,
    refuse: undefined,
  }
  return fake
}

/** kube-apiserver leaves both out of list items. */
function withoutKind(object: KubeObject): Omit<KubeObject, 'apiVersion' | 'kind'> {
  const bare: Partial<KubeObject> = { ...object }
  delete bare.apiVersion
  delete bare.kind
  return bare as Omit<KubeObject, 'apiVersion' | 'kind'>
}
