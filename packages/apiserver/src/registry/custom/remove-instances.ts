import { setTimeout as sleep } from 'node:timers/promises'
import { deleteObject, splitKey } from '../delete.ts'
import type { Platform } from '../platform.ts'
import { bucketOf } from '../served-resource.ts'
import { systemRequest } from '../system-request.ts'
import type { Crd } from './crd-spec.ts'

const roundMs = 200

/** Deletes every object of a CRD and waits until finalizers have let go of the last one. Ends when the server closes. */
export async function removeInstances(platform: Platform, crd: Crd): Promise<void> {
  const { group, names, versions } = crd.spec
  const bucket = bucketOf(group, names.plural)
  const served = versions.find((version) => version.served)
  const resource = platform.resources.find(group, served?.name ?? '', names.plural)
  while (platform.store.count(bucket) > 0) {
    platform.closing.throwIfAborted()
    if (!resource)
      throw new Error(`${crd.metadata.name ?? ''} has objects, but no served version to delete them through`)
    for (const entry of platform.store.list(bucket).entries) {
      const { namespace, name } = splitKey(resource, entry)
      const request = systemRequest(resource, { namespace, name }, platform.closing)
      const options = { ...plainDelete, resourceVersion: undefined }
      await deleteObject(platform, request, namespace, name, options).catch(ignoreMissing)
    }
    if (platform.store.count(bucket) > 0) await sleep(roundMs, undefined, { signal: platform.closing })
  }
}

export const plainDelete = {
  dryRun: false,
  gracePeriodSeconds: undefined,
  propagation: undefined,
  uid: undefined,
  resourceVersion: undefined,
} as const

export function ignoreMissing(error: unknown): void {
  if (error instanceof Error && 'status' in error && (error.status as { code?: number }).code === 404) return
  throw error
}
