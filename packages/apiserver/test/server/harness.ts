import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type ApiServer, type ApiServerOptions, startApiServer } from '../../src/index.ts'

type Field =
  | ('apiVersion' | 'kind' | 'metadata' | 'spec' | 'status' | 'data' | 'items' | 'name' | 'namespace' | 'uid' | 'code')
  | ('resourceVersion' | 'creationTimestamp' | 'deletionTimestamp' | 'generation' | 'generateName' | 'labels')
  | ('annotations' | 'finalizers' | 'managedFields' | 'ownerReferences' | 'continue' | 'remainingItemCount')
  | ('message' | 'reason' | 'details' | 'causes' | 'field' | 'rows' | 'cells' | 'columnDefinitions' | 'replicas')
  | ('selector' | 'template' | 'containers' | 'ports' | 'containerPort' | 'rules' | 'http' | 'paths' | 'backend')
  | ('service' | 'port' | 'number' | 'hard' | 'conditions' | 'type' | 'acceptedNames' | 'storedVersions' | 'color')
  | ('size' | 'extra' | 'phase' | 'clusterIP' | 'clusterIPs' | 'nodeName' | 'token' | 'userInfo' | 'username')
  | ('groups' | 'resources' | 'versions' | 'allowed' | 'authenticated' | 'user' | 'x' | 'a' | 'object' | 'components')
  | ('schemas' | 'serverRelativeURL' | 'deletionGracePeriodSeconds' | 'priority' | 'request' | 'operation' | 'from')

/** Parsed JSON that tests look into freely; what is compared with it goes through assert. */
export interface Json extends Readonly<Record<Field, Json>>, ReadonlyArray<Json> {
  readonly length: number
}

export interface CallOptions {
  readonly body?: unknown
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface CallAnswer {
  readonly code: number
  readonly headers: IncomingMessage['headers']
  readonly body: Json
}

export interface WatchLine {
  readonly type: string
  readonly object: Json
}

export interface TestServer {
  readonly server: ApiServer
  readonly dataDir: string
  call(method: string, path: string, options?: CallOptions): Promise<CallAnswer>
  /** Reads lines of a watch one by one; `rest` collects those until it ends. */
  watch(
    path: string,
    headers?: CallOptions['headers'],
  ): Promise<{ next(): Promise<WatchLine>; rest(): Promise<readonly WatchLine[]>; stop(): void }>
  close(): Promise<void>
}

const testdata = join(import.meta.dirname, 'testdata')
export const certPem = readFileSync(join(testdata, 'localhost.cert.pem'), 'utf8')
export const keyPem = readFileSync(join(testdata, 'localhost.key.pem'), 'utf8')
export const adminToken = 'admin-token'
const patchTypes: Readonly<Record<string, string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** A server in a directory of its own, closed and removed with the test. `dataDir`: one that stays. */
export async function startTestServer(t: TestContext, options: Partial<ApiServerOptions> = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'millrace-apiserver-'))
  const server = await startApiServer({
    port: 0,
    tls: { certPem, keyPem },
    tokens: [{ token: adminToken, username: 'admin', groups: ['system:masters'], uid: 'admin-uid' }],
    ...options,
    dataDir,
  })
  t.after(async () => {
    await server.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
  return {
    server,
    dataDir,
    call: (...args) => call(server, ...args),
    watch: (path, headers) => watch(server, path, headers),
    close: () => server.close(),
  }
}

/** Content type of a patch, as a header. */
export function patchOf(kind: 'merge' | 'json' | 'strategic' | 'apply'): { readonly 'Content-Type': string } {
  return { 'Content-Type': patchTypes[kind] ?? '' }
}

function send(
  server: ApiServer,
  method: string,
  path: string,
  { body, token = adminToken, headers }: CallOptions,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const bytes =
    body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const message = request(`${server.url}${path}`, {
    method,
    ca: certPem,
    agent: false,
    // A Host header of the test's own must not change whom TLS expects.
    checkServerIdentity: () => undefined,
    headers: {
      Accept: 'application/json',
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(bytes === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(bytes)) }),
      ...headers,
    },
  })
  message.on('response', resolve)
  message.on('error', reject)
  message.end(bytes)
  return promise
}

async function call(server: ApiServer, method: string, path: string, options: CallOptions = {}): Promise<CallAnswer> {
  const answer = await send(server, method, path, options)
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const isPlain = answer.headers['content-encoding'] === undefined
  const isJson = isPlain && (answer.headers['content-type']?.includes('json') ?? false)
  return {
    code: answer.statusCode ?? 0,
    headers: answer.headers,
    body: (isJson ? JSON.parse(text) : text) as unknown as Json,
  }
}

async function watch(server: ApiServer, path: string, headers: CallOptions['headers'] = {}) {
  const answer = await send(server, 'GET', path, { headers })
  if (answer.statusCode !== 200) throw new Error(`the watch was answered ${answer.statusCode}`)
  const lines = readLines(answer)
  const next = async (): Promise<WatchLine> => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the watch has ended')
    return value
  }
  const rest = async (): Promise<readonly WatchLine[]> => {
    const found: WatchLine[] = []
    for await (const line of lines) found.push(line)
    return found
  }
  return { next, rest, stop: () => answer.destroy() }
}

async function* readLines(answer: IncomingMessage): AsyncGenerator<WatchLine, undefined> {
  let text = ''
  try {
    for await (const chunk of answer) {
      text += String(chunk)
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line) as WatchLine
    }
  } catch {
    // Stopped by the test.
  }
}

/** Asks again until the answer is right; fails the test after a while. */
export async function eventually<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const answer = await ask()
    if (isRight(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it never came true')
}

export function configMap(name: string, more: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more }
}
