import { type Client, isKubeError, type Log, type Resource } from '@millrace/kube'
import type { HttpRoute } from './http-route.ts'
import { type RouteFacts, routeParents } from './route-status.ts'

export interface RouteStatusOptions {
  readonly resource: Resource
  readonly routes: () => readonly HttpRoute[]
  readonly facts: () => Omit<RouteFacts, 'now'>
  readonly log: Log
}

/** Writes what routes are told, once per burst of changes; a write that fails is tried again. */
export interface RouteStatusWriter {
  request(): void
  close(): Promise<void>
}

const burstMs = 20
const retryMs = 2000

export function keepRouteStatus(
  client: Client,
  { resource, routes, facts, log }: RouteStatusOptions,
): RouteStatusWriter {
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let running = Promise.resolve()
  const request = (afterMs = burstMs) => {
    if (abort.signal.aborted || timer) return
    timer = setTimeout(() => {
      timer = undefined
      running = running.then(writeAll)
    }, afterMs)
  }

  async function writeAll(): Promise<void> {
    for (const route of routes()) {
      if (abort.signal.aborted) return
      const now = `${new Date().toISOString().slice(0, 19)}Z`
      const parents = routeParents(route, { ...facts(), now })
      if (parents) await write(route, parents)
    }
  }

  async function write(route: HttpRoute, parents: ReturnType<typeof routeParents>): Promise<void> {
    const { namespace = 'default', name = '', resourceVersion } = route.metadata
    // Others write there too: on a conflict the watch brings what they wrote, and asks again.
    const body = { metadata: { resourceVersion }, status: { parents } }
    const options = { subresource: 'status', signal: abort.signal }
    try {
      await client.patch(resource, { namespace, name }, 'merge', body, options)
    } catch (error) {
      if (abort.signal.aborted || (isKubeError(error) && (error.code === 'Conflict' || error.code === 'NotFound')))
        return
      log.warn('The status of an HTTPRoute could not be written', {
        route: `${namespace}/${name}`,
        error: String(error),
      })
      request(retryMs)
    }
  }

  return {
    request: () => request(),
    async close() {
      abort.abort()
      clearTimeout(timer)
      await running
    },
  }
}
