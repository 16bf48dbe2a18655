import { createHash } from 'node:crypto'
import { internalKeys } from '../keys.ts'
import type { StringMap } from './shape.ts'

/** Directory of a cached model on its volume: the first half of the hash of its source, so that any URI gives a valid name. */
export function cacheDirectory(sourceUri: string): string {
  return createHash('sha256').update(sourceUri).digest('hex').slice(0, 16)
}

/** Where a model that is cached on the nodes is found, in place of where it came from. */
export function localModelUri(uri: string, annotations: StringMap): string {
  const source = annotations[internalKeys.localModelSourceUri] ?? ''
  const claim = annotations[internalKeys.localModelPvcName]
  if (claim === undefined) return uri
  const inside = uri.startsWith(source) ? uri.slice(source.length) : uri
  return `pvc://${claim}/models/${cacheDirectory(source)}${inside.startsWith('/') ? inside : `/${inside}`}`
}
