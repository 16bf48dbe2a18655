import { type Handler, json } from './answer.ts'
import { v1Explain, v1ModelReady, v1Models, v1Predict } from './v1-handlers.ts'
import { v2Infer, v2Live, v2ModelMetadata, v2ModelReady, v2Models, v2Ready, v2Server } from './v2-handlers.ts'

export interface Route {
  readonly method: 'GET' | 'POST'
  /** Matches the path; its groups are the model's name and its version. */
  readonly path: RegExp
  readonly handle: Handler
}

const metrics: Handler = (context) => ({
  status: 200,
  body: context.metrics.format(),
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
})

/** The paths that KServe's servers answer, the busy ones first. */
export const routes: readonly Route[] = [
  { method: 'POST', path: /^\/v1\/models\/([^/]+):predict$/, handle: v1Predict },
  { method: 'POST', path: /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?\/infer$/, handle: v2Infer },
  { method: 'GET', path: /^\/$/, handle: () => json({ status: 'alive' }) },
  { method: 'GET', path: /^\/metrics$/, handle: metrics },
  { method: 'GET', path: /^\/v1\/models$/, handle: v1Models },
  { method: 'POST', path: /^\/v1\/models\/([^/]+):explain$/, handle: v1Explain },
  { method: 'GET', path: /^\/v1\/models\/(?!.*:(?:predict|explain)$)([^/]+)$/, handle: v1ModelReady },
  { method: 'GET', path: /^\/v2\/?$/, handle: v2Server },
  { method: 'GET', path: /^\/v2\/health\/live$/, handle: v2Live },
  { method: 'GET', path: /^\/v2\/health\/ready$/, handle: v2Ready },
  { method: 'GET', path: /^\/v2\/models$/, handle: v2Models },
  { method: 'GET', path: /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?$/, handle: v2ModelMetadata },
  { method: 'GET', path: /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?\/ready$/, handle: v2ModelReady },
]

export interface RouteMatch {
  readonly route: Route
  readonly parameters: readonly string[]
}

/** The route of a request; `allow` has the methods when the path is known but not with this one. HEAD counts as GET. */
export function matchRoute(method: string, path: string): RouteMatch | { readonly allow: readonly string[] } {
  const asked = method === 'HEAD' ? 'GET' : method
  const allow = new Set<string>()
  for (const route of routes) {
    const found = route.path.exec(path)
    if (found === null) continue
    if (route.method === asked)
      return {
        route,
        parameters: found
          .slice(1)
          .filter((group) => group !== undefined)
          .map(decode),
      }
    allow.add(route.method)
  }
  return { allow: [...allow] }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
