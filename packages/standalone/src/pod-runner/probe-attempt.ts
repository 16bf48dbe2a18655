import type { RequestOptions } from 'node:http'
import { connect } from 'node:net'
import type { Attempt } from './attempt.ts'
import type { Container, HttpGetAction } from './pod.ts'

// Not by import, which costs 35 ms and 5 MB: tests/tidy/start-cost.test.ts.
const { request: httpRequest } = process.getBuiltinModule('node:http')

/** One thing to try; `exec` is the command with its variables and paths already resolved. */
export type ProbeAction =
  | { readonly type: 'httpGet'; readonly action: HttpGetAction }
  | { readonly type: 'tcpSocket'; readonly port: number | string; readonly host?: string }
  | { readonly type: 'grpc'; readonly port: number; readonly service: string }
  | { readonly type: 'exec'; readonly command: readonly string[] }

export interface ProbeTarget {
  readonly container: Container
  readonly podIP: string
  /** Runs a command as the container would; resolves with the exit code, and with 124 when the signal aborted it. */
  readonly runCommand: (
    command: readonly string[],
    signal: AbortSignal,
  ) => Promise<{ exitCode: number; output: string }>
}

const answerBytesMax = 10 * 1024

/** Tries once, until the time is over or `until` aborts. Never rejects: what goes wrong is why it is not ok. */
export async function attemptProbe(
  action: ProbeAction,
  target: ProbeTarget,
  timeoutMs: number,
  until?: AbortSignal,
): Promise<Attempt> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = until ? AbortSignal.any([timeout, until]) : timeout
  try {
    switch (action.type) {
      case 'httpGet':
        return await attemptHttp(action.action, target, signal)
      case 'tcpSocket':
        return await attemptTcp(action.host || target.podIP, portNumber(target.container, action.port), signal)
      case 'grpc': {
        const { attemptGrpcHealth } = await import('./grpc-health.ts')
        return await attemptGrpcHealth(target.podIP, action.port, action.service, signal)
      }
      case 'exec':
        return await attemptExec(action.command, target, signal)
    }
  } catch (error) {
    if (signal.aborted) return { ok: false, message: `no answer within ${timeoutMs / 1000} s` }
    return { ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}

/** A port given by the name that the container gives it. */
export function portNumber(container: Container, port: number | string): number {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort
  const number = named ?? Number(port)
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number
  throw new Error(`"${port}" is neither a port number nor the name of a port of container ${container.name}`)
}

async function attemptHttp(action: HttpGetAction, target: ProbeTarget, signal: AbortSignal): Promise<Attempt> {
  const headers: Record<string, string> = { 'user-agent': 'kube-probe/1.34', accept: '*/*', connection: 'close' }
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    host: action.host || target.podIP,
    port: portNumber(target.container, action.port),
    path: action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`,
    headers,
    agent: false,
    signal,
    // As in Kubernetes: a probe asks whether the server is alive, not who it is.
    rejectUnauthorized: false,
  }
  const isTls = action.scheme?.toUpperCase() === 'HTTPS'
  const request = isTls ? (await import('node:https')).request : httpRequest
  const { status, text } = await exchange(request, options)
  if (status >= 200 && status < 400) return { ok: true }
  return { ok: false, message: `HTTP ${status} from ${options.path}${text === '' ? '' : `: ${text}`}` }
}

function exchange(request: typeof httpRequest, options: RequestOptions): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      const finish = () => {
        resolve({ status: answer.statusCode ?? 0, text: text.slice(0, 200).replaceAll('\n', ' ').trim() })
        call.destroy()
      }
      answer.on('data', (chunk: string) => {
        text += chunk
        if (text.length > answerBytesMax) finish()
      })
      answer.once('end', finish)
      answer.once('error', reject)
    })
    call.once('error', reject)
    call.end()
  })
}

function attemptTcp(host: string, port: number, signal: AbortSignal): Promise<Attempt> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal })
    socket.once('connect', () => {
      socket.destroy()
      resolve({ ok: true })
    })
    socket.once('error', reject)
  })
}

async function attemptExec(command: readonly string[], target: ProbeTarget, signal: AbortSignal): Promise<Attempt> {
  const { exitCode, output } = await target.runCommand(command, signal)
  if (exitCode === 0) return { ok: true }
  if (signal.aborted) return { ok: false, message: 'the command did not end in time' }
  return { ok: false, message: `the command ended with exit code ${exitCode}${output === '' ? '' : `: ${output}`}` }
}
