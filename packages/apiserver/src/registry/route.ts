import type { Verb } from './verb.ts'
import { methodNotAllowed, unknownResource } from '../http/api-error.ts'
import type { ResourcePath } from '../http/request-path.ts'
import type { ApiRequest, Outcome } from './api-request.ts'
import { createVerb } from './create.ts'
import { deleteCollectionVerb, deleteVerb } from './delete.ts'
import { getVerb } from './get.ts'
import { listVerb } from './list.ts'
import { patchVerb } from './patch.ts'
import type { Platform } from './platform.ts'
import { isReview, reviewVerb } from './reviews.ts'
import { bindingRequest, bindPod } from './sub/bind-pod.ts'
import { subresourceVerbs } from './subresources.ts'
import type { ServedResource } from './served-resource.ts'
import { updateVerb } from './update.ts'
import { watchVerb } from './watch.ts'

const methodVerbs: Readonly<Record<string, { readonly one: Verb; readonly all: Verb } | undefined>> = {
  GET: { one: 'get', all: 'list' },
  HEAD: { one: 'get', all: 'list' },
  POST: { one: 'create', all: 'create' },
  PUT: { one: 'update', all: 'update' },
  PATCH: { one: 'patch', all: 'patch' },
  DELETE: { one: 'delete', all: 'deletecollection' },
}

/** The verb of a request as RBAC and discovery name it; undefined for methods the API does not use. */
export function verbOf(method: string, path: ResourcePath, query: URLSearchParams): Verb | undefined {
  const verb = methodVerbs[method]?.[path.name ? 'one' : 'all']
  const watch = query.get('watch')
  const wantsWatch = path.isWatchPath || (watch !== null && watch !== 'false' && watch !== '0')
  return wantsWatch && (verb === 'list' || (verb === 'get' && !path.subresource)) ? 'watch' : verb
}

/** The resource a path names. Throws 404. */
export function findResource(platform: Platform, path: ResourcePath): ServedResource {
  const resource = platform.resources.find(path.group, path.version, path.plural)
  if (!resource) throw unknownResource()
  if (path.namespace && !resource.namespaced) throw unknownResource()
  if (path.subresource && !resource.subresources.some(({ name }) => name === path.subresource)) throw unknownResource()
  return resource
}

/** Carries out one request. */
export async function route(platform: Platform, request: ApiRequest): Promise<Outcome> {
  const { method, path, query, resource } = request
  const verb = verbOf(method, path, query)
  if (!verb) throw methodNotAllowed()
  if (resource.deprecation) request.warn(resource.deprecation)
  if (path.subresource && path.subresource !== 'status') return subresourceVerbs(platform, request, verb)
  if (!resource.verbs.includes(verb)) throw methodNotAllowed()
  checkPlace(path, resource, verb)
  if (verb === 'create' && isReview(resource.bucket)) return reviewVerb(platform, request)
  if (verb === 'create' && resource.bucket === 'bindings')
    return bindPod(platform, await bindingRequest(platform, request))
  switch (verb) {
    case 'get':
      return getVerb(platform, request)
    case 'list':
      return listVerb(platform, request)
    case 'watch':
      return watchVerb(platform, request)
    case 'create':
      return createVerb(platform, request)
    case 'update':
      return updateVerb(platform, request)
    case 'patch':
      return patchVerb(platform, request)
    case 'delete':
      return deleteVerb(platform, request)
    case 'deletecollection':
      return deleteCollectionVerb(platform, request)
    default:
      return verb satisfies never
  }
}

/** A namespaced object is only reached through its namespace, a collection only takes what collections take. */
function checkPlace(path: ResourcePath, resource: ServedResource, verb: Verb): void {
  const isStatus = path.subresource === 'status'
  if (isStatus && !['get', 'update', 'patch'].includes(verb)) throw methodNotAllowed()
  if (verb === 'create' && path.name) throw methodNotAllowed()
  if ((verb === 'update' || verb === 'patch') && !path.name) throw methodNotAllowed()
  if (verb === 'list' || verb === 'watch' || !resource.namespaced || path.namespace) return
  if (verb === 'create' || verb === 'deletecollection') throw methodNotAllowed()
  throw unknownResource()
}
