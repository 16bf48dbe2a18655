import type { IncomingMessage } from 'node:http'
import type { Catalog } from '../builtin/catalog.ts'
import type { MetaRoutes } from '../http/handle-request.ts'
import { methodNotAllowed } from '../http/api-error.ts'
import { negotiate } from '../http/negotiate.ts'
import type { Answer } from '../http/respond.ts'
import { createDiscovery } from './discovery.ts'
import { createOpenApi } from './openapi.ts'
import type { Platform } from './platform.ts'

/** Kubernetes 1.34 is what the built-in API is generated from. */
export const servedVersion = {
  major: '1',
  minor: '34',
  emulationMajor: '1',
  emulationMinor: '34',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '33',
  gitVersion: 'v1.34.2+millrace',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: `${process.platform}/${process.arch}`,
} as const

/** Paths that are not about a resource. */
export function createMetaRoutes(platform: Platform, catalog: Catalog): MetaRoutes {
  const discovery = createDiscovery(platform.resources)
  const openApi = createOpenApi(catalog, platform.resources)
  const answerGet = async (path: string, request: IncomingMessage): Promise<Answer | undefined> => {
    const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    switch (plain) {
      case '/version':
        return { code: 200, body: servedVersion }
      case '/':
        return { code: 200, body: { paths: rootPaths(platform) } }
      case '/openapi/v2':
        // Older clients ask for protobuf alone, which this server does not write: better told than misread.
        negotiate(request.headers.accept)
        return openApi.answer(plain, queryOf(request))
      case '/healthz':
      case '/livez':
      case '/readyz':
      case '/healthz/ping':
      case '/livez/ping':
      case '/readyz/ping':
        return { code: 200, body: 'ok', contentType: 'text/plain; charset=utf-8' }
      default:
        return discovery.answer(plain, String(request.headers.accept ?? '')) ?? openApi.answer(plain, queryOf(request))
    }
  }
  return async (path, request) => {
    const answer = await answerGet(path, request)
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (answer && !isRead) throw methodNotAllowed()
    return answer
  }
}

function queryOf({ url = '' }: IncomingMessage): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : url.slice(at + 1)
}

function rootPaths({ resources }: Platform): readonly string[] {
  const groups = new Set<string>()
  for (const { gvk } of resources.all()) {
    if (gvk.group) groups.add(`/apis/${gvk.group}`).add(`/apis/${gvk.group}/${gvk.version}`)
  }
  const fixed = ['/api', '/api/v1', '/apis', '/healthz', '/livez', '/openapi/v2', '/openapi/v3', '/readyz', '/version']
  return [...fixed, ...groups].sort()
}
