import { asMetadataOnly, jsonHeaders, metadataOnlyHeaders } from './answer-kinds.ts'
import { errorFromFailure } from './call-failure.ts'
import type { Caller } from './caller.ts'
import type { WatchOptions } from './client.ts'
import { readLines } from './json-lines.ts'
import { badAnswer, isRecord, parseJson } from './json-answer.ts'
import { describeTarget, resourcePath } from './resource-path.ts'
import type { KubeObject, Resource, WatchEvent } from './wire.ts'

const eventBytesMax = 32 * 1024 * 1024
/** How long past its `timeoutSeconds` a silent watch is believed to be alive. */
const watchGraceMs = 15_000

/** One watch request as its events. Ends without an error when the server closes it, the signal aborts or its time is over. */
export async function* watchEvents<T extends KubeObject>(
  caller: Caller,
  resource: Resource,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const what = `watch ${describeTarget(resource, { namespace: options.namespace })}`
  const path = resourcePath(resource, { namespace: options.namespace, query: watchQuery(options) })
  const headers = options.metadataOnly ? metadataOnlyHeaders('PartialObjectMetadata') : jsonHeaders
  const { signal, timeoutSeconds } = options
  if (signal?.aborted) return
  // A server that died without a word leaves an open, silent connection: the watch ends by our own clock too.
  const stop = new AbortController()
  const onAbort = () => stop.abort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const cancel =
    timeoutSeconds === undefined ? undefined : caller.clock.setTimeout(onAbort, timeoutSeconds * 1000 + watchGraceMs)
  try {
    const { body } = await caller.open('GET', path, { what, headers, signal: stop.signal })
    options.onOpen?.()
    for await (const line of readLines(body, { what, lineBytesMax: eventBytesMax })) {
      yield parseEvent<T>(what, resource, line, options.metadataOnly === true)
    }
  } catch (error) {
    if (stop.signal.aborted) return
    throw errorFromFailure(what, error, signal)
  } finally {
    cancel?.()
    signal?.removeEventListener('abort', onAbort)
    stop.abort()
  }
}

function parseEvent<T extends KubeObject>(
  what: string,
  resource: Resource,
  line: string,
  metadataOnly: boolean,
): WatchEvent<T> {
  const event = parseJson(what, line)
  if (!isRecord(event) || typeof event['type'] !== 'string' || !isRecord(event['object'])) {
    throw badAnswer(what, `an event has no type or no object: ${line.slice(0, 120)}`)
  }
  if (event['type'] !== 'ERROR' && metadataOnly) asMetadataOnly(resource, event['object'])
  return event as WatchEvent<T>
}

function watchQuery(watch: WatchOptions) {
  const { labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = watch
  return {
    watch: true,
    labelSelector,
    fieldSelector,
    resourceVersion,
    timeoutSeconds,
    allowWatchBookmarks: watch.allowBookmarks || watch.sendInitialEvents || undefined,
    sendInitialEvents: watch.sendInitialEvents,
    resourceVersionMatch: watch.sendInitialEvents ? 'NotOlderThan' : undefined,
  }
}
