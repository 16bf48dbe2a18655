import type { IncomingMessage, ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { pipeline } from 'node:stream/promises'
import type { KubeObject } from '@millrace/kube'
import { type ApiError, badRequest, internalError, notFound } from '../../http/api-error.ts'
import type { ApiRequest, Outcome } from '../api-request.ts'
import { findEntry } from '../get.ts'
import type { Platform } from '../platform.ts'

// Not by import, which costs 35 ms and 5 MB: tests/tidy/start-cost.test.ts.
const { request: httpRequest } = process.getBuiltinModule('node:http')

interface ContainerNames {
  readonly name: string
}

interface Pod extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string
    readonly containers?: readonly ContainerNames[]
    readonly initContainers?: readonly ContainerNames[]
    readonly ephemeralContainers?: readonly ContainerNames[]
  }
}

interface Node extends KubeObject {
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[]
    readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port?: number } }
  }
}

const forwarded: ReadonlySet<string> = new Set([
  'follow',
  'previous',
  'sinceSeconds',
  'sinceTime',
  'timestamps',
  'tailLines',
  'limitBytes',
])
const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container'
const kubeletPortDefault = 10_250
const connectTimeoutMs = 10_000
const addressOrder = ['InternalIP', 'Hostname', 'ExternalIP'] as const

/** GET pods/log: what the kubelet endpoint of the pod's node has, as it comes. */
export async function podLog(platform: Platform, request: ApiRequest): Promise<Outcome> {
  const { path, resource, query } = request
  const pod = JSON.parse(findEntry(platform.store, resource, path.namespace, path.name).value) as Pod
  const container = containerOf(pod, query.get('container') ?? '')
  checkNumbers(query)
  const nodeName = pod.spec?.nodeName
  if (!nodeName) return { code: 204, body: '', contentType: 'text/plain' }
  const answer = await askKubelet(platform, request, nodeName, container)
  return { stream: (response) => forward(answer, response) }
}

async function forward(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-cache, private' })
  response.flushHeaders()
  // A client that leaves, or a kubelet that ends early, ends the stream: nothing is to be done about either.
  await pipeline(answer, response).catch(() => response.destroy())
}

function containerOf({ metadata, spec }: Pod, wanted: string): string {
  const names = (list: readonly ContainerNames[] | undefined): readonly string[] => list?.map(({ name }) => name) ?? []
  const containers = names(spec?.containers)
  const others = [...names(spec?.initContainers), ...names(spec?.ephemeralContainers)]
  const name = metadata.name ?? ''
  if (wanted) {
    if (containers.includes(wanted) || others.includes(wanted)) return wanted
    throw badRequest(`container ${wanted} is not valid for pod ${name}`)
  }
  const [only = ''] = containers
  const annotated = metadata.annotations?.[defaultContainerAnnotation]
  if (annotated && containers.includes(annotated)) return annotated
  if (containers.length === 1 && others.length === 0) return only
  if (containers.length === 1) return only
  const inits = names(spec?.initContainers)
  const tail = inits.length > 0 ? ` or one of the init containers: [${inits.join(' ')}]` : ''
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]${tail}`,
  )
}

function checkNumbers(query: URLSearchParams): void {
  for (const name of ['tailLines', 'sinceSeconds', 'limitBytes'] as const) {
    const text = query.get(name)
    if (text !== null && !/^\d{1,15}$/.test(text))
      throw badRequest(`${name}: Invalid value: ${JSON.stringify(text)}: must be a number of 0 or more`)
  }
}

function askKubelet(
  platform: Platform,
  { path, query, signal }: ApiRequest,
  nodeName: string,
  container: string,
): Promise<IncomingMessage> {
  const { kubelet } = platform
  if (!kubelet) throw internalError('this server was started without access to a kubelet, so it has no logs')
  const { host, port } = kubeletAddress(platform, nodeName)
  const parameters = new URLSearchParams([...query].filter(([name]) => forwarded.has(name)))
  const where = [path.namespace, path.name, container].map(encodeURIComponent).join('/')
  const target = {
    host,
    port,
    path: `/containerLogs/${where}?${parameters}`,
    headers: { Authorization: `Bearer ${kubelet.token}` },
    signal,
    timeout: connectTimeoutMs,
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  // The kubelet serves a certificate of its own; the token is what both sides trust, on loopback.
  const call = kubelet.scheme === 'https' ? httpsRequest({ ...target, rejectUnauthorized: false }) : httpRequest(target)
  const fail = (why: string): void =>
    reject(internalError(`the log of ${path.name} could not be read from node ${nodeName}: ${why}`))
  call.on('error', (error) => fail(error.message))
  let isAnswered = false
  call.on('timeout', () => {
    if (!isAnswered) call.destroy(new Error(`no answer within ${connectTimeoutMs / 1000} s`))
  })
  call.on('response', (answer) => {
    isAnswered = true
    if (answer.statusCode === 200) resolve(answer)
    else void refusal(answer, container, path.name).then(reject)
  })
  call.end()
  return promise
}

/** The kubelet's own words for a log that cannot be had. */
async function refusal(answer: IncomingMessage, container: string, pod: string): Promise<ApiError> {
  let text = ''
  for await (const chunk of answer) {
    text += String(chunk)
    if (text.length > 4096) break
  }
  const why = text.trim() || `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod)} has no log`
  const code = answer.statusCode ?? 500
  return code === 404 || code === 400 ? badRequest(why) : internalError(why)
}

function kubeletAddress(platform: Platform, nodeName: string): { readonly host: string; readonly port: number } {
  const entry = platform.store.get('nodes', nodeName)
  if (!entry) throw notFound({ group: '', plural: 'nodes' }, nodeName)
  const { status = {} } = JSON.parse(entry.value) as Node
  const byType = new Map(status.addresses?.map(({ type, address }) => [type, address]))
  const host = addressOrder.map((type) => byType.get(type)).find((address) => address !== undefined)
  if (!host) throw internalError(`node ${nodeName} names no address`)
  return { host, port: status.daemonEndpoints?.kubeletEndpoint?.Port ?? kubeletPortDefault }
}
