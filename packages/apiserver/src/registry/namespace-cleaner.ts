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
    if (remaining.instances.size === 0) break
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

/** What a pass over the namespace left there. */
interface Remaining {
  /** How many instances, by `pods.` and `deployments.apps`. */
  readonly instances: ReadonlyMap<string, number>
  /** How many instances each finalizer keeps. */
  readonly finalizers: ReadonlyMap<string, number>
}

/** Deletes all that is there; answers what still is. */
async function emptyOnce(platform: Platform, namespace: string): Promise<Remaining> {
  const instances = new Map<string, number>()
  const finalizers = new Map<string, number>()
  for (const resource of namespacedResources(platform)) {
    const prefix = `${namespace}/`
    for (const entry of platform.store.list(resource.bucket, { prefix }).entries) {
      const { name } = splitKey(resource, entry)
      const request = systemRequest(resource, { namespace, name }, platform.closing)
      const options = { ...plainDelete, propagation: 'Background' as const }
      await deleteObject(platform, request, namespace, name, options).catch(ignoreMissing)
    }
    const left = platform.store.list(resource.bucket, { prefix }).entries
    if (left.length > 0) instances.set(`${resource.plural}.${resource.gvk.group}`, left.length)
    for (const { value } of left) {
      const { metadata } = JSON.parse(value) as KubeObject
      for (const name of metadata.finalizers ?? []) finalizers.set(name, (finalizers.get(name) ?? 0) + 1)
    }
  }
  return { instances, finalizers }
}

/** One resource for each bucket. */
function namespacedResources({ resources }: Platform): readonly ServedResource[] {
  const byBucket = new Map<string, ServedResource>()
  for (const resource of resources.all()) {
    if (resource.namespaced && resource.verbs.includes('delete')) byBucket.set(resource.bucket, resource)
  }
  return [...byBucket.values()]
}

/** Says in the status what keeps the namespace, once it has been tried: the conditions that clients look for. */
async function tellRemaining(platform: Platform, name: string, remaining: Remaining): Promise<void> {
  const wanted = conditionsOf(remaining)
  await changeStored(platform, bucket, name, (object) => {
    const { status = {} } = object as { status?: { conditions?: readonly Condition[] } }
    const present = status.conditions ?? []
    const formerOf = ({ type }: Condition): Condition | undefined => present.find((former) => former.type === type)
    if (wanted.every((condition) => formerOf(condition)?.message === condition.message)) return undefined
    const now = timestamp(platform.now())
    const conditions = wanted.map(({ type, status: value, ...rest }) => {
      const former = present.find((condition) => condition.type === type)
      const isSame = former?.status === value
      return { type, status: value, lastTransitionTime: isSame ? former.lastTransitionTime : now, ...rest }
    })
    const others = present.filter(({ type }) => !wanted.some((condition) => condition.type === type))
    return { ...object, status: { ...status, conditions: [...others, ...conditions] } }
  })
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime?: string
}

function conditionsOf({ instances, finalizers }: Remaining): readonly Condition[] {
  const fine = (type: string, reason: string, message: string): Condition => ({
    type,
    status: 'False',
    reason,
    message,
  })
  const counts = (counted: ReadonlyMap<string, number>, word: string): string =>
    [...counted]
      .map(([what, count]) => `${what} ${word} ${count} resource instances`)
      .sort()
      .join(', ')
  const content = 'All content successfully deleted, may be waiting on finalization'
  const conditions: Condition[] = [
    fine('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    fine(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    fine('NamespaceDeletionContentFailure', 'ContentDeleted', content),
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${counts(instances, 'has')}`,
    },
  ]
  if (finalizers.size === 0) {
    const message = 'All content-preserving finalizers finished'
    return [...conditions, fine('NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', message)]
  }
  const message = `Some content in the namespace has finalizers remaining: ${counts(finalizers, 'in')}`
  const remaining = { type: 'NamespaceFinalizersRemaining', status: 'True', reason: 'SomeFinalizersRemain', message }
  return [...conditions, remaining]
}
