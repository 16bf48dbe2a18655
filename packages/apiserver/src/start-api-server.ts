import { randomInt, randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { KubeObject, Log } from '@millrace/kube'
import { type Admission, chainAdmission } from './admission/admission.ts'
import { builtinAdmission } from './admission/builtin-admission.ts'
import type { CallWebhook } from './admission/call-webhook.ts'
import { createConditionCheck } from './admission/match-conditions.ts'
import { createWebhookCaller } from './admission/post-webhook.ts'
import { createServiceResolver } from './admission/resolve-service.ts'
import { rbacGuard } from './admission/rbac-guard.ts'
import { webhookAdmission } from './admission/webhook-admission.ts'
import { mutatingBucket, validatingBucket, watchWebhooks } from './admission/webhook-configuration.ts'
import { builtinCatalog } from './builtin/catalog.ts'
import { createAuthenticator, type TokenIdentity, type User } from './http/authenticate.ts'
import { authorizeRequest } from './http/authorize-request.ts'
import { createOriginCheck, loopbackHosts } from './http/check-origin.ts'
import { createRequestHandler } from './http/handle-request.ts'
import { createTokenIssuer, serviceAccountUser, type TokenIssuer } from './http/issue-tokens.ts'
import { listen } from './http/listen.ts'
import { builtinResources } from './registry/builtin-resources.ts'
import { crdHook } from './registry/custom/crd-hook.ts'
import { crdBucket } from './registry/custom/crd-spec.ts'
import { serveCustomKinds } from './registry/custom/custom-kinds.ts'
import { keepDefaultAccounts } from './registry/default-account.ts'
import { expireEvents } from './registry/event-expiry.ts'
import { createKindHooks, type KindHook } from './registry/kind-hooks.ts'
import { createMetaRoutes } from './registry/meta-routes.ts'
import { startNamespaceCleaner } from './registry/namespace-cleaner.ts'
import { namespaceHook } from './registry/namespace-hook.ts'
import type { Platform } from './registry/platform.ts'
import { createAuthorizer } from './registry/rbac.ts'
import { createResourceTable, type ResourceTable } from './registry/resource-table.ts'
import { findResource, route } from './registry/route.ts'
import { seedClusterAdmin } from './registry/seed-cluster-admin.ts'
import { seedNamespaces } from './registry/seed-namespaces.ts'
import { createServiceHook } from './registry/service-hook.ts'
import { createLineCache } from './registry/watch-encoding.ts'
import { type DurableStoreOptions, openDurableStore } from './store/durable-store.ts'
import type { Store } from './store/store.ts'

export interface ApiServerOptions extends RequestServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  readonly tls: { readonly certPem: string; readonly keyPem: string }
  /** A Unix socket on which the same API answers without TLS, to the same tokens; its directory must be the owner's alone. */
  readonly socketPath?: string
}

/** All of the server but its socket. */
export interface RequestServerOptions {
  /** Holds the state; made when absent, mode 0700. */
  readonly dataDir: string
  readonly tokens: readonly TokenIdentity[]
  /** How `pods/log` reaches the kubelet endpoint that a Node names. */
  readonly kubelet?: { readonly token: string; readonly scheme: 'http' | 'https' }
  /** Further names under which clients may call this server. */
  readonly allowedHosts?: readonly string[]
  readonly log?: Log
  readonly storeOptions?: Omit<DurableStoreOptions, 'directory' | 'log'>
  /** What a simulation owns; absent: the machine's. */
  readonly world?: Partial<ServerWorld>
}

/** Time, chance and the way to webhooks. */
export interface ServerWorld {
  readonly now: () => Date
  readonly newUid: () => string
  /** A text of that many characters from the alphabet of generated names. */
  readonly randomSuffix: (length: number) => string
  readonly callWebhook: CallWebhook
}

/** Answers requests, wherever they come from. */
export interface RequestServer {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  /** Ends what would never end by itself: watches, followed logs. */
  stop(): void
  /** Resolves when everything is on disk and the data directory is free. Stops first. */
  close(): Promise<void>
}

export interface ApiServer {
  readonly url: string
  readonly port: number
  /** Ends watches, finishes requests under way and releases the data directory. */
  close(): Promise<void>
}

const defaultHost = '127.0.0.1'
const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Starts the embedded Kubernetes API server. Throws `StoreError` (`DataDirectoryInUse`, `Corrupt`) and `ListenError`. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { host = defaultHost, port, tls, socketPath } = options
  const server = await openRequestServer({
    ...options,
    allowedHosts: [...loopbackHosts(host), ...(options.allowedHosts ?? [])],
  })
  try {
    const listener = await listen({
      host,
      port,
      tls,
      ...(socketPath !== undefined && { socketPath }),
      handle: server.handle,
    })
    let closed: Promise<void> | undefined
    const close = async (): Promise<void> => {
      server.stop()
      await listener.close()
      await server.close()
    }
    return {
      url: listener.url,
      port: listener.port,
      close: () => {
        closed ??= close()
        return closed
      },
    }
  } catch (error) {
    await server.close()
    throw error
  }
}

/** The whole server in this process, with no socket. Throws `StoreError`. */
export async function openRequestServer(options: RequestServerOptions): Promise<RequestServer> {
  const log = options.log ?? silentLog
  const store = await openDurableStore({ ...options.storeOptions, directory: options.dataDir, log: log.warn })
  try {
    return await serve(options, store, log)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function serve(options: RequestServerOptions, store: Store, log: Log): Promise<RequestServer> {
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  const catalog = builtinCatalog()
  const resources = createResourceTable()
  const now = options.world?.now ?? (() => new Date())
  const tokens = createTokenIssuer(options.dataDir, () => now().getTime())
  const authenticator = createAuthenticator(options.tokens, (token) => verifyIssued(tokens, store, token))
  const authorizer = createAuthorizer(store)
  const webhooks = createWebhookCaller(createServiceResolver(store))
  const callWebhook = options.world?.callWebhook ?? webhooks.call
  const platform: Platform = {
    store,
    resources,
    now,
    newUid: options.world?.newUid ?? randomUUID,
    randomSuffix: options.world?.randomSuffix ?? randomSuffix,
    log,
    admission: chainAdmission([
      builtinAdmission(store),
      rbacGuard(authorizer),
      createWebhookAdmission(store, resources, callWebhook, log),
    ]),
    authorizer,
    tokens,
    authenticate: authenticator.userOf,
    kubelet: options.kubelet,
    hooks: createKindHooks(kindHooks(store, now)),
    lines: createLineCache(),
    closing: closing.signal,
  }
  resources.serve('builtin', builtinResources(catalog))
  await seedNamespaces(platform)
  await seedClusterAdmin(platform)
  const customKinds = serveCustomKinds(platform, { objectMeta: () => catalog.objectMeta, callWebhook })
  const cleaner = startNamespaceCleaner(platform)
  const accounts = keepDefaultAccounts(platform)
  const expiry = expireEvents(platform)
  return {
    handle: createRequestHandler({
      platform,
      authenticator,
      checkOrigin: createOriginCheck(options.allowedHosts ?? loopbackHosts(defaultHost)),
      metaRoutes: createMetaRoutes(platform, catalog),
      findResource: (path) => findResource(platform, path),
      authorize: (user, request) => authorizeRequest(authorizer, user, request),
      route: (request) => route(platform, request),
    }),
    stop: () => closing.abort(),
    close: async () => {
      closing.abort()
      expiry.close()
      await Promise.all([cleaner.close(), customKinds.close(), accounts.close()])
      webhooks.close()
      await store.close()
    },
  }
}

function kindHooks(store: Store, now: () => Date): ReadonlyMap<string, KindHook> {
  return new Map([
    ['namespaces', namespaceHook],
    ['services', createServiceHook(store)],
    [crdBucket, crdHook(now)],
  ])
}

function createWebhookAdmission(store: Store, resources: ResourceTable, call: CallWebhook, log: Log): Admission {
  return webhookAdmission({
    mutating: watchWebhooks(store, mutatingBucket),
    validating: watchWebhooks(store, validatingBucket),
    call,
    resources,
    namespaceLabels: (name) => {
      const entry = store.get('namespaces', name)
      return entry && (JSON.parse(entry.value) as KubeObject).metadata.labels
    },
    meetsConditions: createConditionCheck(),
    log,
  })
}

/** An issued token counts as long as its service account exists. */
function verifyIssued(tokens: TokenIssuer, store: Store, token: string): User | undefined {
  const claims = tokens.verify(token)
  const entry = claims && store.get('serviceaccounts', `${claims.namespace}/${claims.name}`)
  if (!claims || !entry) return undefined
  const { metadata } = JSON.parse(entry.value) as KubeObject
  return metadata.uid === claims.uid ? serviceAccountUser(claims) : undefined
}

/** Kubernetes' alphabet for generated names: no vowels and nothing easily mixed up. */
const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

function randomSuffix(length: number): string {
  let text = ''
  for (let position = 0; position < length; position++) text += nameAlphabet[randomInt(nameAlphabet.length)] ?? ''
  return text
}
