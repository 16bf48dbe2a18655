import { badRequest } from '../http/api-error.ts'
import type { ApiRequest } from './api-request.ts'
import type { ServedResource } from './served-resource.ts'

const systemGroups = ['system:masters', 'system:authenticated'] as const

/** A request of the server to itself: for what it does on its own (namespace content, instances of a deleted CRD). */
export function systemRequest(
  resource: ServedResource,
  place: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): ApiRequest {
  const { group, version } = resource.gvk
  const path = { group, version, plural: resource.plural, ...place, subresource: '', rest: [], isWatchPath: false }
  return {
    method: 'DELETE',
    path,
    resource,
    query: new URLSearchParams(),
    user: { username: 'system:apiserver', uid: '', groups: systemGroups },
    userAgent: 'millrace-apiserver',
    contentType: 'application/json',
    media: { representation: 'object', metaVersion: 'v1' },
    signal,
    readBody: () => Promise.reject(badRequest('a request of the server itself has no body')),
    warn: () => undefined,
  }
}
