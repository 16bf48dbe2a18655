import type { KubeObject, ListMeta } from '@millrace/kube'
import { badRequest } from '../http/api-error.ts'
import type { MediaChoice } from '../http/negotiate.ts'
import { fieldErrorMessage, invalid } from '../schema/field-error.ts'
import type { Entry } from '../store/store.ts'
import { apiVersionOf, type ServedResource } from './served-resource.ts'

export interface Shape {
  readonly media: MediaChoice
  /** Of Table rows: `None`, `Metadata` or `Object`. */
  readonly includeObject: string
}

export function shapeOf(media: MediaChoice, query: URLSearchParams): Shape {
  const includeObject = query.get('includeObject') || 'Metadata'
  if (!['None', 'Metadata', 'Object'].includes(includeObject)) {
    const why = "must be 'Metadata', 'Object', 'None', or empty"
    const wrong = fieldErrorMessage(invalid('includeObject', includeObject, why))
    throw badRequest(`Unable to convert to Table as requested: ${wrong}`)
  }
  return { media, includeObject }
}

/** The objects of the entries in the resource's version. */
export async function objectsOf(
  resource: ServedResource,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  return resource.behaviour.fromStorage(entries, signal)
}

/** JSON text of one stored object, without parsing where the stored text serves. */
export async function entryText(
  resource: ServedResource,
  entry: Entry,
  shape: Shape,
  signal: AbortSignal,
): Promise<string> {
  if (shape.media.representation === 'object' && resource.behaviour.isServable(entry)) return entry.value
  const [object] = await objectsOf(resource, [entry], signal)
  if (!object) throw new Error('an entry decodes to an object')
  return JSON.stringify(representObject(resource, object, shape))
}

export function representObject(resource: ServedResource, object: KubeObject, shape: Shape, now = Date.now()): object {
  switch (shape.media.representation) {
    case 'object':
      return object
    case 'metadata':
      return partialMetadata(object, shape.media.metaVersion)
    case 'table': {
      const { resourceVersion = '' } = object.metadata
      return tableOf(resource, [object], { resourceVersion }, shape, { now, hasHeaders: true })
    }
    default:
      return shape.media.representation satisfies never
  }
}

/** JSON text of a list answer. */
export async function listText(
  resource: ServedResource,
  entries: readonly Entry[],
  metadata: ListMeta,
  shape: Shape,
  signal: AbortSignal,
): Promise<string> {
  const { representation, metaVersion } = shape.media
  if (representation === 'object') return plainListText(resource, entries, metadata, signal)
  const objects = await objectsOf(resource, entries, signal)
  if (representation === 'table') {
    return JSON.stringify(tableOf(resource, objects, metadata, shape, { now: Date.now(), hasHeaders: true }))
  }
  const items = objects.map((object) => partialMetadata(object, metaVersion))
  const apiVersion = `meta.k8s.io/${metaVersion}`
  return JSON.stringify({ kind: 'PartialObjectMetadataList', apiVersion, metadata, items })
}

/** Items of built-in kinds do not repeat kind and apiVersion, those of custom ones do: as the real server answers. */
async function plainListText(
  resource: ServedResource,
  entries: readonly Entry[],
  metadata: ListMeta,
  signal: AbortSignal,
): Promise<string> {
  const { behaviour, gvk, isCustom, listKind } = resource
  const apiVersion = apiVersionOf(gvk)
  // Lists of custom resources always have the field.
  const listMeta = isCustom ? { continue: '', ...metadata } : metadata
  const head = JSON.stringify({ kind: listKind, apiVersion, metadata: listMeta }).slice(0, -1)
  const typeMeta = JSON.stringify({ kind: gvk.kind, apiVersion }).slice(0, -1)
  const texts = entries.every((entry) => behaviour.isServable(entry))
    ? entries.map((entry) => entry.value)
    : (await objectsOf(resource, entries, signal)).map((object) => JSON.stringify(object))
  const items = isCustom ? texts : texts.map((text) => withoutTypeMeta(text, typeMeta))
  return `${head},"items":[${items.join(',')}]}\n`
}

function withoutTypeMeta(text: string, typeMeta: string): string {
  return text.startsWith(`${typeMeta},`) ? `{${text.slice(typeMeta.length + 1)}` : text
}

function partialMetadata(object: KubeObject, metaVersion: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${metaVersion}`, metadata: object.metadata }
}

/** A meta.k8s.io Table. Watches send the column definitions with their first event only. */
export function tableOf(
  resource: ServedResource,
  objects: readonly KubeObject[],
  metadata: ListMeta,
  { media, includeObject }: Shape,
  options: { readonly now: number; readonly hasHeaders: boolean },
): object {
  const rows = objects.map((object) => ({
    cells: resource.printer.cells(object, options.now),
    object: rowObject(object, includeObject, media.metaVersion),
  }))
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${media.metaVersion}`,
    metadata,
    columnDefinitions: options.hasHeaders ? resource.printer.columns : null,
    rows: rows.length > 0 ? rows : null,
  }
}

function rowObject(object: KubeObject, includeObject: string, metaVersion: string): object | null {
  if (includeObject === 'None') return null
  return includeObject === 'Object' ? object : partialMetadata(object, metaVersion)
}
