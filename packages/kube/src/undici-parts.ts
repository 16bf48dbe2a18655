import { createRequire } from 'node:module'
import type { Dispatcher, Pool, ProxyAgent } from 'undici'

type Request = (this: Dispatcher, options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>

const load = createRequire(import.meta.url)

/**
 * What is used of undici, file by file: its index brings fetch, WebSocket, caches and mocks, 35 ms and 6 MB that every
 * process would pay. The version is exact in package.json, so that these paths hold.
 */
export const undiciParts = {
  pool: () => load('undici/lib/dispatcher/pool.js') as typeof Pool,
  /** This one needs all the rest. */
  proxyAgent: () => (load('undici') as { readonly ProxyAgent: typeof ProxyAgent }).ProxyAgent,
  request: () => load('undici/lib/api/api-request.js') as Request,
}
