import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeObject } from '@millrace/kube'
import { changeStored } from './change-stored.ts'
import { ignoreMissing, plainDelete } from './custom/remove-instances.ts'
import { deleteObject, splitKey } from './delete.ts'
import { type Platform, timestamp } from './platform.ts'
import type { ServedResource } from './served-resource.ts'
import { systemRequest } from './system-request.ts'

export interface NamespaceCleaner {
  close(): Promise<void>
}

const bucket = 'namespaces'
const firstPauseMs = 50
const pauseMsMax = 2_000

/** Empties namespaces that are being deleted, then lets them go. */
export function startNamespaceCleaner(platform: Platform): NamespaceCleaner {
  const running = new Map<string, Promise<void>>()
  const look = (name: string, text: string): void => {
    const { metadata } = JSON.parse(text) as KubeObject
    if (!metadata.deletionTimestamp || running.has(name)) return
    const work = cleanNamespace(platform, name)
      .catch((error: unknown) => {
        if (platform.closing.aborted) return
        platform.log.error('emptying a namespace failed', { namespace: name, error: String(error) })
      })
      .finally(() => running.delete(name))
    running.set(name, work)
  }
  for (const entry of platform.store.list(bucket).entries) look(entry.key, entry.value)
  const handle = platform.store.watch(bucket, platform.store.revision, ({ type, entry }) => {
    if (type !== 'DELETED') look(entry.key, entry.value)
  })
  return {
    close: async () => {
      handle.close()
      await Promise.all(running.values())
    },
  }
}

async function cleanNamespace(platform: Platform, name: string): Promise<void> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
    platform.closing.throwIfAborted()
    const remaining = await emptyOnce(platform, name)
    if (remaining.length === 0) break
    await tellRemaining(platform, name, remaining)
    await sleep(pauseMs, undefined, { signal: platform.closing })
  }
  await changeStored(platform, bucket, name, (object) => {
    const { spec = {} } = object as { spec?: { finalizers?: readonly string[] } }
    const finalizers = (spec.finalizers ?? []).filter((finalizer) => finalizer !== 'kubernetes')
    const isDone = finalizers.length === 0 && (object.metadata.finalizers ?? []).length === 0
    return isDone ? 'remove' : { ...object, spec: { ...spec, finalizers } }
  })
}

/** Deletes all that is there; answers what still is: `pods` and how many. */
async function emptyOnce(platform: Platform, namespace: string): Promise<readonly string[]> {
  const remaining: string[] = []
  for (const resource of namespacedResources(platform)) {
    const prefix = `${namespace}/`
    for (const entry of platform.store.list(resource.bucket, { prefix }).entries) {
      const { name } = splitKey(resource, entry)
      const request = systemRequest(resource, { namespace, name }, platform.closing)
      const options = { ...plainDelete, propagation: 'Background' as const }
      await deleteObject(platform, request, namespace, name, options).catch(ignoreMissing)
    }
    const left = platform.store.list(resource.bucket, { prefix }).entries.length
    if (left > 0) remaining.push(`${resource.bucket} has ${left} resource instances`)
  }
  return remaining
}

/** One resource for each bucket. */
function namespacedResources({ resources }: Platform): readonly ServedResource[] {
  const byBucket = new Map<string, ServedResource>()
  for (const resource of resources.all()) {
    if (resource.namespaced && resource.verbs.includes('delete')) byBucket.set(resource.bucket, resource)
  }
  return [...byBucket.values()]
}

/** Says in the status what keeps the namespace, once it has been tried. */
async function tellRemaining(platform: Platform, name: string, remaining: readonly string[]): Promise<void> {
  const message = `Some resources are remaining: ${remaining.join(', ')}`
  await changeStored(platform, bucket, name, (object) => {
    const { status = {} } = object as { status?: { conditions?: { type: string; message?: string }[] } }
    const conditions = status.conditions ?? []
    if (conditions.some((condition) => condition.message === message)) return undefined
    const condition = {
      type: 'NamespaceContentRemaining',
      status: 'True',
      lastTransitionTime: timestamp(platform.now()),
      reason: 'SomeResourcesRemain',
      message,
    }
    const others = conditions.filter(({ type }) => type !== condition.type)
    return { ...object, status: { ...status, conditions: [...others, condition] } }
  })
}
