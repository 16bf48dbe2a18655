import type { ListMeta } from '@millrace/kube'
import {
  type ApiError,
  badRequest,
  expired,
  invalid,
  invalidOptions,
  resourceVersionTooLarge,
} from '../http/api-error.ts'
import type { Answer } from '../http/respond.ts'
import { parseQueryNumber } from './query-number.ts'
import { type FieldError, forbidden, notSupported } from '../schema/field-error.ts'
import { type Entry, type Store, StoreError } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { type EntryFilter, parseEntryFilter } from './entry-filter.ts'
import type { Platform } from './platform.ts'
import { listText, shapeOf } from './represent.ts'
import type { ServedResource } from './served-resource.ts'

/** One page of a list. */
export interface Page {
  readonly entries: readonly Entry[]
  readonly metadata: ListMeta
}

interface PageStart {
  readonly revision: number | undefined
  readonly after: string | undefined
}

/** GET of a collection: API concepts, "Retrieving large results sets in chunks" and "Resource versions". */
export async function listVerb(platform: Platform, request: ApiRequest): Promise<Answer> {
  const { resource, path, query, signal } = request
  if (query.get('sendInitialEvents')) checkNoInitialEvents(query)
  const filter = parseEntryFilter(resource, path.namespace, path.name, query)
  const page = listPage(platform.store, resource, filter, query)
  const text = await listText(resource, page.entries, page.metadata, shapeOf(request.media, query), signal)
  return { code: 200, body: text }
}

export function listPage(store: Store, resource: ServedResource, filter: EntryFilter, query: URLSearchParams): Page {
  const limit = parseLimit(query)
  const start = startOf(store, query)
  try {
    return collect(store, resource, filter, limit, start)
  } catch (error) {
    if (error instanceof StoreError && error.code === 'Compacted') throw continueExpired(query, start)
    throw error
  }
}

function collect(store: Store, resource: ServedResource, filter: EntryFilter, limit: number, start: PageStart): Page {
  const found: Entry[] = []
  let after = start.after
  const revision = start.revision ?? store.revision
  for (;;) {
    const wanted = limit ? limit - found.length : 0
    const range = { prefix: filter.prefix, revision, ...(after === undefined ? {} : { after }) }
    const batch = store.list(resource.bucket, wanted ? { ...range, limit: wanted } : range)
    for (const entry of batch.entries) if (filter.matches(entry)) found.push(entry)
    after = batch.entries.at(-1)?.key
    const resourceVersion = String(revision)
    if (batch.remaining === 0 || after === undefined) {
      return { entries: found, metadata: { resourceVersion } }
    }
    if (found.length < limit) continue
    const metadata: ListMeta = { resourceVersion, continue: encodeContinue(revision, after, filter.prefix) }
    if (!filter.isSelective) metadata.remainingItemCount = batch.remaining
    return { entries: found, metadata }
  }
}

function startOf(store: Store, query: URLSearchParams): PageStart {
  const token = query.get('continue') ?? ''
  const wanted = parseResourceVersion(query)
  const match = query.get('resourceVersionMatch') ?? ''
  checkMatch(match, wanted, token)
  if (token) {
    if (wanted !== undefined && wanted !== 0) {
      throw badRequest('specifying resource version is not allowed when using continue')
    }
    const decoded = decodeContinue(token)
    // Revision -1: the remainder of a list whose own revision is gone, as of now.
    return { revision: decoded.revision < 0 ? undefined : decoded.revision, after: decoded.after }
  }
  if (wanted !== undefined && wanted > store.revision) throw resourceVersionTooLarge(wanted, store.revision)
  return { revision: match === 'Exact' ? wanted : undefined, after: undefined }
}

/** They are for watches. Throws 422. */
function checkNoInitialEvents(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch')
  const wrongMatch = match && matchError(match, parseResourceVersion(query), query.get('continue') ?? '')
  const wrong = forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')
  throw invalid('ListOptions', 'meta.k8s.io', '', wrongMatch ? [wrongMatch, wrong] : [wrong])
}

/** Throws 422 for combinations that mean nothing. */
function checkMatch(match: string, wanted: number | undefined, token: string): void {
  const error = match && matchError(match, wanted, token)
  if (error) throw invalidOptions('ListOptions', error)
}

function matchError(match: string, wanted: number | undefined, token: string): FieldError | undefined {
  const field = 'resourceVersionMatch'
  if (token) return forbidden(field, `${field} is forbidden when continue is provided`)
  if (wanted === undefined) return forbidden(field, `${field} is forbidden unless resourceVersion is provided`)
  if (match !== 'Exact' && match !== 'NotOlderThan') return notSupported(field, match, ['Exact', 'NotOlderThan', ''])
  if (match === 'Exact' && wanted === 0) {
    return forbidden(field, `${field} "exact" is forbidden for resourceVersion "0"`)
  }
  return undefined
}

/** Undefined when absent. Throws 400 for anything but digits. */
export function parseResourceVersion(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion')
  if (!text) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const value = JSON.stringify(text)
  const why = `strconv.ParseUint: parsing ${value}: invalid syntax`
  throw badRequest(`invalid resource version: resourceVersion: Invalid value: ${value}: ${why}`)
}

/** 0: no limit, and so are negative ones. */
function parseLimit(query: URLSearchParams): number {
  return Math.max(0, parseQueryNumber(query.get('limit')) ?? 0)
}

/** The token's form is the real server's: base64url of `{"v":"meta.k8s.io/v1","rv":…,"start":"…"}`; start is relative. */
function encodeContinue(revision: number, after: string, prefix: string): string {
  const token = { v: 'meta.k8s.io/v1', rv: revision, start: after, prefix }
  return Buffer.from(JSON.stringify(token)).toString('base64url')
}

function decodeContinue(token: string): { readonly revision: number; readonly after: string } {
  try {
    const { v, rv, start }: Record<string, unknown> = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (v === 'meta.k8s.io/v1' && typeof rv === 'number' && typeof start === 'string') {
      return { revision: rv, after: start }
    }
  } catch {
    // Falls through to the refusal.
  }
  throw badRequest('invalid continue token: continue key is not valid: use the token of the previous answer as it was')
}

function continueExpired(query: URLSearchParams, start: PageStart): ApiError {
  if (!query.get('continue')) return expired(`The resourceVersion for the provided list is too old.`)
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
    'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
    'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
    'deleted between the time the first chunk was returned and now may show up in the list.'
  const error = expired(message)
  error.status.metadata.continue = encodeContinue(-1, start.after ?? '', '')
  return error
}
