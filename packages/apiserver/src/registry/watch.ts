import type { ServerResponse } from 'node:http'
import type { KubeObject } from '@millrace/kube'
import { type ApiError, expired, invalid, resourceVersionTooLarge } from '../http/api-error.ts'
import { openWatchStream } from '../http/watch-stream.ts'
import { type FieldError, forbidden, notSupported } from '../schema/field-error.ts'
import { type Entry, StoreError, type StoreEvent } from '../store/store.ts'
import type { ApiRequest, StreamedAnswer } from './api-request.ts'
import { type EntryFilter, parseEntryFilter } from './entry-filter.ts'
import { parseResourceVersion } from './list.ts'
import type { Platform } from './platform.ts'
import { parseQueryNumber } from './query-number.ts'
import { createEventEncoder, type EventEncoder, type WatchEventType } from './watch-encoding.ts'
import { shapeOf } from './represent.ts'

/** What a watch request asks for. */
interface WatchPlan {
  readonly filter: EntryFilter
  /** Undefined: from now on. */
  readonly revision: number | undefined
  /** The present state comes first, as ADDED events. */
  readonly sendsState: boolean
  /** The revision that the present state must have reached. */
  readonly stateNotOlderThan: number
  /** A bookmark marks the end of the present state. */
  readonly marksStateEnd: boolean
  readonly sendsBookmarks: boolean
  readonly timeoutMs: number
}

const bookmarkPeriodMs = 60_000
const timeoutSecondsMin = 1800

/**
 * GET with watch=true: API concepts, "Efficient detection of changes". State and events come from one ordered log, so
 * nothing is missed or said twice between them.
 */
export function watchVerb(platform: Platform, request: ApiRequest): StreamedAnswer {
  const plan = planWatch(request)
  const encoder = createEventEncoder(request.resource, shapeOf(request.media, request.query), platform.lines)
  return { stream: (response) => runWatch(platform, request, plan, encoder, response) }
}

function planWatch({ resource, path, query }: ApiRequest): WatchPlan {
  const filter = parseEntryFilter(resource, path.namespace, path.name, query)
  const revision = parseResourceVersion(query)
  const sendsBookmarks = isTrue(query.get('allowWatchBookmarks'))
  const sendInitialEvents = query.get('sendInitialEvents')
  checkInitialEvents(query)
  const wantsState = isTrue(sendInitialEvents)
  const isLegacyState = sendInitialEvents === null && (revision === undefined || revision === 0)
  const seconds = Math.max(0, parseQueryNumber(query.get('timeoutSeconds')) ?? 0)
  const timeoutMs = (seconds || timeoutSecondsMin * (1 + Math.random())) * 1000
  return {
    filter,
    revision: wantsState || isLegacyState || revision === 0 ? undefined : revision,
    sendsState: wantsState || isLegacyState,
    stateNotOlderThan: wantsState ? (revision ?? 0) : 0,
    marksStateEnd: wantsState && sendsBookmarks,
    sendsBookmarks,
    timeoutMs: Math.min(timeoutMs, 2 ** 31 - 1),
  }
}

/** Throws 422 for combinations that mean nothing. */
function checkInitialEvents(query: URLSearchParams): void {
  const errors = initialEventsErrors(query.get('sendInitialEvents'), query.get('resourceVersionMatch'))
  if (errors.length > 0) throw invalid('ListOptions', 'meta.k8s.io', '', errors)
}

function initialEventsErrors(given: string | null, match: string | null): readonly FieldError[] {
  const field = 'resourceVersionMatch'
  if (given === null) {
    return match ? [forbidden(field, `${field} is forbidden for watch unless sendInitialEvents is provided`)] : []
  }
  if (match === 'NotOlderThan') return []
  const needed = forbidden(field, `sendInitialEvents requires setting ${field} to NotOlderThan`)
  return match ? [needed, notSupported(field, match, ['NotOlderThan'])] : [needed]
}

function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0'
}

async function runWatch(
  platform: Platform,
  request: ApiRequest,
  plan: WatchPlan,
  encoder: EventEncoder,
  response: ServerResponse,
): Promise<void> {
  const { store } = platform
  const { resource } = request
  const signals = resource.retired ? [request.signal, resource.retired] : [request.signal]
  const stream = openWatchStream(response, { signal: AbortSignal.any(signals), timeoutMs: plan.timeoutMs })
  const send = (type: WatchEventType, entry: Entry): void => stream.send(encoder.encode(type, entry))
  const start = store.revision
  const fail = (error: ApiError): void => {
    stream.send(encoder.failure(error.status))
    stream.end()
  }
  if (plan.stateNotOlderThan > start) fail(resourceVersionTooLarge(plan.stateNotOlderThan, start))
  else if (plan.sendsState) {
    for (const entry of store.list(resource.bucket, { prefix: plan.filter.prefix }).entries) {
      if (!plan.filter.matches(entry)) continue
      send('ADDED', entry)
      await stream.drained()
    }
    if (plan.marksStateEnd) stream.send(encoder.bookmark(start, true))
  }
  const after = Math.min(plan.revision ?? start, start)
  try {
    const ignoredUpTo = plan.revision ?? 0
    const handle = store.watch(resource.bucket, after, (event) => {
      if (event.revision > ignoredUpTo) sendChange(plan.filter, event, send)
    })
    stream.onEnd(() => handle.close())
    if (plan.sendsBookmarks) stream.every(bookmarkPeriodMs, () => encoder.bookmark(store.revision, false))
    stream.beforeTimeout(() => (plan.sendsBookmarks ? encoder.bookmark(store.revision, false) : undefined))
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'Compacted') throw error
    fail(expired(`too old resource version: ${after} (${store.revision})`))
  }
  await stream.ended
}

/** What a change of the whole bucket is to those who see only the filter's part of it. */
function sendChange(filter: EntryFilter, event: StoreEvent, send: (type: WatchEventType, entry: Entry) => void): void {
  const { entry, previous } = event
  const wasSeen = previous !== undefined && filter.matches(previous)
  if (event.type === 'DELETED') {
    if (wasSeen) send('DELETED', entry)
    return
  }
  const isSeen = filter.matches(entry)
  if (isSeen) send(wasSeen ? 'MODIFIED' : 'ADDED', entry)
  else if (wasSeen) send('DELETED', leftSelection(previous, event.revision))
}

/** The last state that matched, with the revision of the change that made it leave. */
function leftSelection(previous: Entry, revision: number): Entry {
  const object = JSON.parse(previous.value) as KubeObject
  object.metadata.resourceVersion = String(revision)
  return { ...previous, revision, value: JSON.stringify(object) }
}
