import type { KubeObject, Status } from '@millrace/kube'
import type { Entry } from '../store/store.ts'
import { representObject, type Shape, tableOf } from './represent.ts'
import { apiVersionOf, type ServedResource } from './served-resource.ts'

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** Turns stored states into lines of a watch. One for each watch, as tables send their headers once. */
export interface EventEncoder {
  encode(type: WatchEventType, entry: Entry): Buffer | Promise<Buffer>
  bookmark(revision: number, endsInitialEvents: boolean): Buffer
  failure(status: Status): Buffer
}

/** Lines of plain objects, so that an event is encoded once however many watchers there are. */
export interface LineCache {
  line(type: WatchEventType, entry: Entry): Buffer
}

const cachedLinesMax = 128

/** All watchers are told of an event in one go, so the newest few lines are enough. */
export function createLineCache(): LineCache {
  const lines = new Map<Entry, Partial<Record<WatchEventType, Buffer>>>()
  return {
    line: (type, entry) => {
      const known = lines.get(entry) ?? {}
      const made = known[type] ?? makeLine(type, entry.value)
      known[type] = made
      lines.set(entry, known)
      if (lines.size > cachedLinesMax) lines.delete(lines.keys().next().value ?? entry)
      return made
    },
  }
}

export function createEventEncoder(resource: ServedResource, shape: Shape, cache: LineCache): EventEncoder {
  const apiVersion = apiVersionOf(resource.gvk)
  const { behaviour, gvk } = resource
  let hasSentHeaders = false

  async function encodeConverted(type: WatchEventType, entry: Entry): Promise<Buffer> {
    const [object] = await behaviour.fromStorage([entry], AbortSignal.timeout(30_000))
    if (!object) throw new Error('an entry decodes to an object')
    return makeLine(
      type,
      JSON.stringify(shape.media.representation === 'table' ? table(object) : representObject(resource, object, shape)),
    )
  }

  function table(object: KubeObject): object {
    const hasHeaders = !hasSentHeaders
    hasSentHeaders = true
    const { resourceVersion = '' } = object.metadata
    return tableOf(resource, [object], { resourceVersion }, shape, { now: Date.now(), hasHeaders })
  }

  return {
    encode: (type, entry) => {
      if (shape.media.representation !== 'object' || !behaviour.isServable(entry)) return encodeConverted(type, entry)
      return cache.line(type, entry)
    },
    bookmark: (revision, endsInitialEvents) => {
      const annotations = endsInitialEvents ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
      const metadata = { resourceVersion: String(revision), ...annotations }
      const object = { kind: gvk.kind, apiVersion, metadata } as unknown as KubeObject
      return makeLine('BOOKMARK', JSON.stringify(bookmarkObject(object)))
    },
    failure: (status) => makeLine('ERROR', JSON.stringify(status)),
  }

  function bookmarkObject(object: KubeObject): object {
    if (shape.media.representation !== 'table') return representObject(resource, object, shape)
    const metaVersion = shape.media.metaVersion
    const { resourceVersion = '' } = object.metadata
    const row = {
      cells: resource.printer.columns.map(() => null),
      object: { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${metaVersion}`, metadata: object.metadata },
    }
    const hasHeaders = !hasSentHeaders
    hasSentHeaders = true
    const columnDefinitions = hasHeaders ? resource.printer.columns : []
    const head = { kind: 'Table', apiVersion: `meta.k8s.io/${metaVersion}`, metadata: { resourceVersion } }
    return { ...head, columnDefinitions, rows: [row] }
  }
}

function makeLine(type: WatchEventType | 'BOOKMARK' | 'ERROR', objectText: string): Buffer {
  return Buffer.from(`{"type":"${type}","object":${objectText}}\n`)
}
