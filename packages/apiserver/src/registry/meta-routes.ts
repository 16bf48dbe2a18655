import type { IncomingMessage } from 'node:http'
import type { Catalog } from '../builtin/catalog.ts'
import type { MetaRoutes } from '../http/handle-request.ts'
import type { Answer } from '../http/respond.ts'
import { createDiscovery } from './discovery.ts'
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
  return async (path: string, request: IncomingMessage): Promise<Answer | undefined> => {
    const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    switch (plain) {
      case '/version':
        return { code: 200, body: servedVersion }
      case '/healthz':
      case '/livez':
      case '/readyz':
        return { code: 200, body: 'ok', contentType: 'text/plain; charset=utf-8' }
      default:
        return discovery.answer(plain, String(request.headers.accept ?? '')) ?? undefined
    }
  }
}
