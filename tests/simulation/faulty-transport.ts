import { type Answer, type Call, type Clock, KubeError, sleep, type StreamAnswer, type Transport } from '@millrace/kube'
import { aborted } from './simulated-api-server.ts'

/** What becomes of one call. */
export type CallFault =
  /** The server answers so, and has done nothing. */
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfterSeconds?: number }
  /** No answer comes: the connection breaks, or stays silent until the deadline. The server may have done it. */
  | { readonly kind: 'lost'; readonly when: 'before' | 'after'; readonly how: 'reset' | 'silence' }
  | { readonly kind: 'slow'; readonly when: 'before' | 'after'; readonly ms: number }

/** What becomes of one watch. */
export interface WatchFault {
  /** Each event comes this late: the copy is stale. */
  readonly lagMs?: number
  /** Each event comes twice. */
  readonly isDoubled?: boolean
  /** After that many events the connection breaks, in the middle of the next one. */
  readonly cutAfter?: number
  /** After that many events nothing comes any more, and nobody says so. */
  readonly deafAfter?: number
  /** After that many events the server has forgotten what came before. */
  readonly expireAfter?: number
}

export interface Faults {
  call(call: Call): CallFault | undefined
  watch(call: Call): WatchFault | undefined
}

export const noFaults: Faults = { call: () => undefined, watch: () => undefined }

/** A connection that breaks the way networks and servers do. What it is asked is decided elsewhere, call by call. */
export function createFaultyTransport(inner: Transport, clock: Clock, faults: Faults): Transport {
  return {
    send: async (call, deadlineMs) => {
      const fault = faults.call(call)
      const answer = await suffer(call, fault, { clock, deadlineMs, perform: () => inner.send(call, deadlineMs) })
      return answer
    },
    open: async (call) => {
      const fault = faults.call(call)
      if (fault?.kind === 'refused') return { ...refusal(fault), body: textBody(refusal(fault).text) }
      const opened = await suffer<StreamAnswer>(call, fault, {
        clock,
        deadlineMs: 30_000,
        perform: () => inner.open(call),
      })
      const watchFault = opened.status === 200 ? faults.watch(call) : undefined
      return watchFault ? { ...opened, body: faultyLines(opened.body, watchFault, clock, call) } : opened
    },
    close: () => inner.close(),
  }
}

interface Performance<T> {
  readonly clock: Clock
  readonly deadlineMs: number
  readonly perform: () => Promise<T>
}

async function suffer<T extends object>(
  call: Call,
  fault: CallFault | undefined,
  { clock, deadlineMs, perform }: Performance<T>,
): Promise<T> {
  if (!fault) return perform()
  switch (fault.kind) {
    case 'refused':
      return refusal(fault) as Answer & T
    case 'lost':
      if (fault.when === 'after') await perform()
      if (fault.how === 'reset') throw reset(call.what)
      await wait(clock, deadlineMs, call)
      throw new KubeError({ code: 'Timeout', message: `${call.what}: no answer within ${deadlineMs / 1000} s` })
    case 'slow': {
      if (fault.when === 'before') await wait(clock, fault.ms, call)
      const answer = await perform()
      if (fault.when === 'after') await wait(clock, fault.ms, call)
      return answer
    }
    default:
      return fault satisfies never
  }
}

async function wait(clock: Clock, ms: number, call: Call): Promise<void> {
  await sleep(clock, ms, call.signal)
  if (call.signal?.aborted) throw aborted(call.what)
}

/** As a connection that was open: not one that was never made, which could be repeated without a thought. */
function reset(what: string): KubeError {
  const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
  return new KubeError({ code: 'Unreachable', message: `${what}: no connection to the API server (injected)`, cause })
}

const reasons: Readonly<Record<number, string>> = {
  409: 'Conflict',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

function refusal({ status, retryAfterSeconds }: CallFault & { readonly kind: 'refused' }): Answer {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `injected ${status}`,
    reason: reasons[status] ?? 'InternalError',
    code: status,
  }
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds)
  return { status, headers, text: JSON.stringify(body) }
}

async function* textBody(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

const expired = JSON.stringify({
  type: 'ERROR',
  object: {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'too old resource version (injected)',
    reason: 'Expired',
    code: 410,
  },
})

/** The events of a watch, late, doubled, cut off or forgotten. Their order stays, as HTTP promises. */
async function* faultyLines(
  chunks: AsyncIterable<Uint8Array>,
  fault: WatchFault,
  clock: Clock,
  call: Call,
): AsyncGenerator<Uint8Array> {
  let events = 0
  for await (const { line, atMs } of timedLines(chunks, clock)) {
    if (fault.lagMs !== undefined) await sleep(clock, Math.max(0, atMs + fault.lagMs - clock.now()), call.signal)
    if (call.signal?.aborted) return
    if (events === fault.expireAfter) {
      yield Buffer.from(`${expired}\n`)
      return
    }
    if (events === fault.cutAfter) {
      yield Buffer.from(line.slice(0, line.length / 2))
      return
    }
    if (fault.deafAfter === undefined || events < fault.deafAfter) {
      yield Buffer.from(`${line}\n`)
      if (fault.isDoubled) yield Buffer.from(`${line}\n`)
    }
    events++
  }
  if (fault.deafAfter !== undefined && events >= fault.deafAfter) await untilAborted(call)
}

function untilAborted({ signal }: Call): Promise<void> {
  return new Promise((resolve) => {
    if (!signal || signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Lines with the time of their arrival, read as soon as they come however slowly they are taken. */
async function* timedLines(
  chunks: AsyncIterable<Uint8Array>,
  clock: Clock,
): AsyncGenerator<{ readonly line: string; readonly atMs: number }> {
  const waiting: { readonly line: string; readonly atMs: number }[] = []
  let wake: () => void = () => {}
  let hasEnded = false
  const read = async (): Promise<void> => {
    let rest = ''
    for await (const chunk of chunks) {
      const lines = (rest + Buffer.from(chunk).toString('utf8')).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) waiting.push({ line, atMs: clock.now() })
      wake()
    }
    hasEnded = true
    wake()
  }
  void read()
  for (;;) {
    const next = waiting.shift()
    if (next !== undefined) yield next
    else if (hasEnded) return
    else
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
}
