import type { Pool } from 'undici'
import { UndiciPool } from './undici-pool.ts'

/** One server behind a Service, with its connections. */
export interface Endpoint {
  /** `host:port`. */
  readonly address: string
  readonly pool: Pool
  /** Requests under way. */
  outstanding: number
}

export interface EndpointPools {
  /** The endpoint with the fewest requests under way; the next one in turn among equals. */
  pick(addresses: readonly string[], except?: ReadonlySet<string>): Endpoint | undefined
  /** Lets go of every endpoint that is not named: no new requests, those under way are finished. */
  keepOnly(addresses: ReadonlySet<string>): void
  close(): Promise<void>
}

export interface PoolLimits {
  readonly connectTimeoutMs: number
  /** From the end of the request to the first byte of the answer. */
  readonly answerTimeoutMs: number
  /** Between two parts of an answer. */
  readonly idleTimeoutMs: number
  readonly connectionsMax: number
  readonly headerBytesMax: number
}

export function createEndpointPools(limits: PoolLimits): EndpointPools {
  const endpoints = new Map<string, Endpoint>()
  const closing = new Set<Pool>()
  let turn = 0

  function endpointOf(address: string): Endpoint {
    const known = endpoints.get(address)
    if (known) return known
    const pool = new UndiciPool(`http://${address}`, {
      connections: limits.connectionsMax,
      pipelining: 1,
      headersTimeout: limits.answerTimeoutMs,
      bodyTimeout: limits.idleTimeoutMs,
      maxHeaderSize: limits.headerBytesMax,
      connect: { timeout: limits.connectTimeoutMs },
    })
    const endpoint: Endpoint = { address, pool, outstanding: 0 }
    endpoints.set(address, endpoint)
    return endpoint
  }

  function letGo({ address, pool }: Endpoint): void {
    endpoints.delete(address)
    closing.add(pool)
    void pool.close().finally(() => closing.delete(pool))
  }

  return {
    pick(addresses, except) {
      turn = (turn + 1) % Number.MAX_SAFE_INTEGER
      let best: Endpoint | undefined
      for (let index = 0; index < addresses.length; index += 1) {
        const address = addresses[(turn + index) % addresses.length]
        if (address === undefined || except?.has(address)) continue
        const endpoint = endpointOf(address)
        if (!best || endpoint.outstanding < best.outstanding) best = endpoint
      }
      return best
    },
    keepOnly(addresses) {
      for (const endpoint of endpoints.values()) if (!addresses.has(endpoint.address)) letGo(endpoint)
    },
    async close() {
      const pools = [...closing, ...[...endpoints.values()].map(({ pool }) => pool)]
      endpoints.clear()
      await Promise.all(pools.map((pool) => pool.destroy()))
    },
  }
}
