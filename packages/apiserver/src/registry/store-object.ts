import type { KubeObject } from '@millrace/kube'
import type { Operation } from '../store/store.ts'
import { type ServedResource, storeKey } from './served-resource.ts'

/** The write of an object in its stored form. `expected` 0: it must not exist. */
export function putOperation(resource: ServedResource, stored: KubeObject, expected: number): Operation {
  return { kind: 'put', ...placeOf(resource, stored), expected, encode: encoderOf(stored) }
}

export function deleteOperation(resource: ServedResource, stored: KubeObject, expected: number): Operation {
  return { kind: 'delete', ...placeOf(resource, stored), expected, encode: encoderOf(stored) }
}

function placeOf({ bucket }: ServedResource, { metadata }: KubeObject): { bucket: string; key: string } {
  return { bucket, key: storeKey(metadata.namespace, metadata.name ?? '') }
}

function encoderOf(stored: KubeObject): (revision: number) => string {
  return (revision) => JSON.stringify(withRevision(stored, revision))
}

/** kind and apiVersion first: list answers of built-in kinds cut them off. */
export function withRevision(object: KubeObject, revision: number): KubeObject {
  const { kind, apiVersion, metadata, ...rest } = object
  return { kind, apiVersion, metadata: { ...metadata, resourceVersion: String(revision) }, ...rest }
}
