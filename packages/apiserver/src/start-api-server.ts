import { randomInt, randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { builtinCatalog } from './builtin/catalog.ts'
import { createAuthenticator, type TokenIdentity } from './http/authenticate.ts'
import { createOriginCheck, loopbackHosts } from './http/check-origin.ts'
import { createRequestHandler } from './http/handle-request.ts'
import { listen } from './http/listen.ts'
import { builtinResources } from './registry/builtin-resources.ts'
import { createKindHooks } from './registry/kind-hooks.ts'
import { createMetaRoutes } from './registry/meta-routes.ts'
import type { Log, Platform } from './registry/platform.ts'
import { createResourceTable } from './registry/resource-table.ts'
import { findResource, route } from './registry/route.ts'
import { seedNamespaces } from './registry/seed-namespaces.ts'
import { createLineCache } from './registry/watch-encoding.ts'
import { type DurableStoreOptions, openDurableStore } from './store/durable-store.ts'
import type { Store } from './store/store.ts'

export interface ApiServerOptions {
  /** Holds the state; made when absent, mode 0700. */
  readonly dataDir: string
  /** Default 127.0.0.1. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  readonly tls: { readonly certPem: string; readonly keyPem: string }
  readonly tokens: readonly TokenIdentity[]
  /** How `pods/log` reaches the kubelet endpoint that a Node names. */
  readonly kubelet?: { readonly token: string; readonly scheme: 'http' | 'https' }
  /** Further names under which clients may call this server. */
  readonly allowedHosts?: readonly string[]
  readonly log?: Log
  readonly storeOptions?: Omit<DurableStoreOptions, 'directory' | 'log'>
}

export interface ApiServer {
  readonly url: string
  readonly port: number
  /** Ends watches, finishes requests under way and releases the data directory. */
  close(): Promise<void>
}

const defaultHost = '127.0.0.1'

/** Starts the embedded Kubernetes API server. Throws `StoreError` (`DataDirectoryInUse`, `Corrupt`) and `ListenError`. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const log = options.log ?? (() => undefined)
  const store = await openDurableStore({ ...options.storeOptions, directory: options.dataDir, log })
  try {
    return await serve(options, store, log)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function serve(options: ApiServerOptions, store: Store, log: Log): Promise<ApiServer> {
  const host = options.host ?? defaultHost
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  const catalog = builtinCatalog()
  const platform: Platform = {
    store,
    resources: createResourceTable(),
    now: () => new Date(),
    newUid: randomUUID,
    randomSuffix,
    log,
    admission: { mutate: (_, object) => Promise.resolve(object), validate: () => Promise.resolve() },
    hooks: createKindHooks(new Map()),
    lines: createLineCache(),
    closing: closing.signal,
  }
  platform.resources.serve('builtin', builtinResources(catalog))
  await seedNamespaces(platform)
  const listener = await listen({
    host,
    port: options.port,
    tls: options.tls,
    handle: createRequestHandler({
      platform,
      authenticator: createAuthenticator(options.tokens, () => undefined),
      checkOrigin: createOriginCheck([...loopbackHosts(host), ...(options.allowedHosts ?? [])]),
      metaRoutes: createMetaRoutes(platform, catalog),
      findResource: (path) => findResource(platform, path),
      authorize: () => undefined,
      route: (request) => route(platform, request),
    }),
  })
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    closing.abort()
    await listener.close()
    await store.close()
  }
  return {
    url: listener.url,
    port: listener.port,
    close: () => {
      closed ??= close()
      return closed
    },
  }
}

/** Kubernetes' alphabet for generated names: no vowels and nothing easily mixed up. */
const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

function randomSuffix(length: number): string {
  let text = ''
  for (let position = 0; position < length; position++) text += nameAlphabet[randomInt(nameAlphabet.length)] ?? ''
  return text
}
