import { notFound, resourceVersionTooLarge } from '../http/api-error.ts'
import type { Answer } from '../http/respond.ts'
import type { Entry, Store } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { parseResourceVersion } from './list.ts'
import type { Platform } from './platform.ts'
import { entryText, shapeOf } from './represent.ts'
import { errorResource, type ServedResource, storeKey } from './served-resource.ts'

/** GET of one object, or of its status. */
export async function getVerb(platform: Platform, request: ApiRequest): Promise<Answer> {
  const { resource, path, query, signal, media } = request
  const wanted = parseResourceVersion(query)
  if (wanted !== undefined && wanted > platform.store.revision) {
    throw resourceVersionTooLarge(wanted, platform.store.revision)
  }
  const entry = findEntry(platform.store, resource, path.namespace, path.name)
  return { code: 200, body: await entryText(resource, entry, shapeOf(media, query), signal) }
}

/** Throws 404. */
export function findEntry(store: Store, resource: ServedResource, namespace: string, name: string): Entry {
  const entry = store.get(resource.bucket, storeKey(namespace, name))
  if (!entry) throw notFound(errorResource(resource), name)
  return entry
}
