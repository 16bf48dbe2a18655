import { badAnswer, isRecord } from './json-answer.ts'
import type { KubeList, KubeObject, Resource } from './wire.ts'

export const jsonHeaders: Readonly<Record<string, string>> = { accept: 'application/json' }

export function metadataOnlyHeaders(kind: string): Readonly<Record<string, string>> {
  return { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json` }
}

/** kube-apiserver leaves apiVersion and kind out of the items of its own kinds. */
export function withItemKinds<T extends KubeObject>(what: string, resource: Resource, list: unknown): KubeList<T> {
  if (!isRecord(list) || !isRecord(list['metadata'])) throw badAnswer(what, 'a list was expected')
  const items = list['items'] ?? []
  if (!Array.isArray(items)) throw badAnswer(what, 'items is not a list')
  const metadataOnly = list['kind'] === 'PartialObjectMetadataList'
  for (const item of items) {
    if (!isRecord(item) || !isRecord(item['metadata'])) throw badAnswer(what, 'an item is not an object')
    if (metadataOnly) asMetadataOnly(resource, item)
    else withKind(resource, item)
  }
  return { ...list, items } as KubeList<T>
}

/** A single answer with its kind; PartialObjectMetadata gets the real one. */
export function withKind(resource: Resource, object: unknown): unknown {
  if (isRecord(object)) {
    if (object['kind'] === 'PartialObjectMetadata') asMetadataOnly(resource, object)
    object['apiVersion'] ??= apiVersionOf(resource)
    object['kind'] ??= resource.kind
  }
  return object
}

/** The object keeps its own kind, and nothing beyond metadata even if the server sent everything. */
export function asMetadataOnly(resource: Resource, object: Record<string, unknown>): void {
  for (const field of Object.keys(object)) if (field !== 'metadata') delete object[field]
  object['apiVersion'] = apiVersionOf(resource)
  object['kind'] = resource.kind
}

export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
}
