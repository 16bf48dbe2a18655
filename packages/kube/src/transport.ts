import type { Dispatcher } from 'undici'
import type { Connection, Credentials } from './connection.ts'
import { errorFromFailure } from './call-failure.ts'
import { openPools, type Pools } from './connection-pools.ts'
import { KubeError } from './errors.ts'
import { undiciParts } from './undici-parts.ts'
import { type Answer, type Call, flatHeaders, type PlacedCall, sendOnce } from './unary-call.ts'

export interface StreamAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array>
}

export interface TransportOptions {
  readonly connectionsMax: number
  readonly streamsMax: number
  readonly deadlineMs: number
  readonly bodyBytesMax: number
}

/** Sends calls over a bounded set of kept-alive connections. Streams have connections of their own: they never starve a call. */
export interface Transport {
  /** One attempt, whole answer, whatever its status. */
  send(call: Call, deadlineMs: number): Promise<Answer>
  /** One attempt; the answer's body as it comes. The deadline is for its head only. */
  open(call: Call): Promise<StreamAnswer>
  close(): Promise<void>
}

export function createTransport(connection: Connection, options: TransportOptions): Transport {
  const { origin, pathname } = new URL(connection.server)
  const prefix = pathname.replace(/\/+$/, '')
  let pools: Pools | undefined
  let opening: Promise<unknown> = Promise.resolve()
  let closed = false

  // Connections carry the client certificate: with a new one they are replaced, and the old ones end with their last call.
  const poolsFor = async (credentials: Credentials): Promise<Pools> => {
    const next = opening.then(async () => {
      if (closed) throw new KubeError({ code: 'Aborted', message: 'The client is closed' })
      if (pools?.certificate === credentials.certificate && pools) return pools
      const retired = pools
      pools = await openPools(connection, credentials, options)
      void retired?.close()
      return pools
    })
    opening = next.catch(() => undefined)
    return next
  }

  const prepare = async (call: Call) => {
    const credentials = await connection.credentials()
    const headers: Record<string, string | string[]> = { ...connection.headers, ...call.headers }
    if (credentials.authorization !== undefined) headers['authorization'] = credentials.authorization
    const current = pools !== undefined && pools.certificate === credentials.certificate && !closed
    return { headers, pools: current && pools ? pools : await poolsFor(credentials) }
  }

  return {
    send: async (call, deadlineMs) => {
      const { headers, pools } = await prepare(call)
      const answer = await sendOnce(
        pools.calls,
        { ...call, origin, path: prefix + call.path, headers },
        { ...options, deadlineMs },
      )
      return answer
    },
    open: async (call) => {
      const { headers, pools } = await prepare(call)
      return openStream(pools.streams, { ...call, origin, path: prefix + call.path, headers }, options.deadlineMs)
    },
    close: async () => {
      closed = true
      await opening
      await pools?.destroy()
    },
  }
}

async function openStream(pool: Dispatcher, call: PlacedCall, deadlineMs: number): Promise<StreamAnswer> {
  const { origin, method, path, headers, body, signal, what } = call
  try {
    const answer = await undiciParts.request().call(pool, {
      origin,
      method,
      path,
      headers,
      body: body ?? null,
      signal: signal ?? null,
      headersTimeout: deadlineMs,
      bodyTimeout: 0,
    } as Dispatcher.RequestOptions)
    // The caller reads the body when it wants to; until then an abort must not be an unhandled 'error'.
    answer.body.on('error', () => {})
    return { status: answer.statusCode, headers: flatHeaders(answer.headers), body: answer.body }
  } catch (error) {
    throw errorFromFailure(what, error, signal)
  }
}
