import type { KubeObject } from '@millrace/kube'
import { conflict, modifiedText } from '../http/api-error.ts'
import type { Answer } from '../http/respond.ts'
import { type Entry, StoreError } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { type DeleteOptions, readDeleteOptions } from './delete-options.ts'
import { parseEntryFilter } from './entry-filter.ts'
import { isUnchanged } from './field-owner.ts'
import { findEntry } from './get.ts'
import { listPage } from './list.ts'
import { type Platform, timestamp } from './platform.ts'
import { listText, representObject, shapeOf } from './represent.ts'
import { errorResource, type ServedResource } from './served-resource.ts'
import { deleteOperation, putOperation, withRevision } from './store-object.ts'

interface Deleted {
  /** The object as it was last, or as it waits for its finalizers or its grace period. */
  readonly object: KubeObject
  readonly isGone: boolean
}

const attemptsMax = 200

/** Kinds whose registry answers with the last object rather than a Status. */
const returnsDeleted: ReadonlySet<string> = new Set([
  'pods',
  'podtemplates',
  'serviceaccounts',
  'services',
  'persistentvolumes',
  'persistentvolumeclaims',
  'resourcequotas',
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'csidrivers.storage.k8s.io',
])

/** DELETE of one object. */
export async function deleteVerb(platform: Platform, request: ApiRequest): Promise<Answer> {
  const { resource, path, media, query } = request
  const options = await readDeleteOptions(request)
  const { object, isGone } = await deleteObject(platform, request, path.namespace, path.name, options)
  const returnsObject = !isGone || returnsDeleted.has(resource.bucket)
  if (returnsObject) return { code: 200, body: representObject(resource, object, shapeOf(media, query)) }
  const { group } = resource.gvk
  const details = { name: path.name, ...(group ? { group } : {}), kind: resource.plural, uid: object.metadata.uid }
  return { code: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details } }
}

/** DELETE of a collection: what the selectors find, one after the other. */
export async function deleteCollectionVerb(platform: Platform, request: ApiRequest): Promise<Answer> {
  const { resource, path, query, signal, media } = request
  const options = await readDeleteOptions(request)
  const filter = parseEntryFilter(resource, path.namespace, '', query)
  const page = listPage(platform.store, resource, filter, query)
  for (const entry of page.entries) {
    const { namespace, name } = splitKey(resource, entry)
    try {
      await deleteObject(platform, request, namespace, name, options)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
  return { code: 200, body: await listText(resource, page.entries, page.metadata, shapeOf(media, query), signal) }
}

export function splitKey({ namespaced }: ServedResource, { key }: Entry): { namespace: string; name: string } {
  const at = namespaced ? key.indexOf('/') : -1
  return { namespace: key.slice(0, Math.max(at, 0)), name: key.slice(at + 1) }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'status' in error && (error.status as { code?: number }).code === 404
}

/** Removes an object, or marks it deleted while finalizers or a grace period keep it. */
export async function deleteObject(
  platform: Platform,
  request: ApiRequest,
  namespace: string,
  name: string,
  options: DeleteOptions,
): Promise<Deleted> {
  const { resource, signal } = request
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    const entry = findEntry(platform.store, resource, namespace, name)
    const [old] = await resource.behaviour.fromStorage([entry], signal)
    if (!old) throw new Error('an entry decodes to an object')
    checkPreconditions(resource, old, options)
    const review = { request, operation: 'DELETE' as const, subresource: '', old, dryRun: options.dryRun }
    await platform.admission.mutate(review, undefined)
    await platform.admission.validate(review, undefined)
    try {
      return await deleteOnce(platform, request, old, entry, options)
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'Conflict') throw error
      if (attempt >= attemptsMax) throw conflict(errorResource(resource), name, modifiedText)
    }
  }
}

async function deleteOnce(
  platform: Platform,
  { resource, signal }: ApiRequest,
  old: KubeObject,
  entry: Entry,
  options: DeleteOptions,
): Promise<Deleted> {
  const marked = markDeleted(platform, resource, old, options)
  const stays = (marked.metadata.finalizers?.length ?? 0) > 0 || !platform.hooks.mayDisappear(resource, marked)
  const isGone = !stays && (marked.metadata.deletionGracePeriodSeconds ?? 0) === 0
  // Kinds with a grace period are marked even when it is over at once.
  const object = isGone && resource.bucket !== 'pods' ? old : marked
  if (options.dryRun || (!isGone && isUnchanged(marked, old))) return { object, isGone }
  const stored = await resource.behaviour.toStorage(object, signal)
  const operation = (isGone ? deleteOperation : putOperation)(resource, stored, entry.revision)
  const [revision = 0] = await platform.store.commit([operation])
  return { object: withRevision(object, revision), isGone }
}

function checkPreconditions({ gvk }: ServedResource, { metadata }: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options
  const fail = (what: string, wanted: string, found: string | undefined, guess: string): never => {
    const why = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found ?? ''})`
    throw conflict({ group: gvk.group, plural: gvk.kind }, metadata.name ?? '', `${why}. ${guess}`)
  }
  if (uid !== undefined && uid !== metadata.uid) {
    fail('UID', uid, metadata.uid, 'The object might have been deleted and then recreated')
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    fail('ResourceVersion', resourceVersion, metadata.resourceVersion, 'The object might have been modified')
  }
}

/** The object with its deletion time, grace period and the finalizers of the propagation policy. */
function markDeleted(
  platform: Platform,
  resource: ServedResource,
  old: KubeObject,
  options: DeleteOptions,
): KubeObject {
  const grace = graceSeconds(resource, old, options)
  const metadata = { ...old.metadata }
  const finalizers = finalizersFor(metadata.finalizers ?? [], options.propagation ?? defaultPropagation(resource, old))
  if (finalizers.length > 0 || metadata.finalizers) metadata.finalizers = finalizers
  const previous = metadata.deletionGracePeriodSeconds
  const isFirst = !metadata.deletionTimestamp
  if (isFirst && metadata.generation) metadata.generation++
  if (isFirst || grace < (previous ?? 0)) {
    const begin = isFirst
      ? platform.now().getTime()
      : Date.parse(metadata.deletionTimestamp ?? '') - (previous ?? 0) * 1000
    metadata.deletionTimestamp = timestamp(new Date(begin + grace * 1000))
    metadata.deletionGracePeriodSeconds = grace
  }
  return platform.hooks.onDelete(resource, { ...old, metadata }, old)
}

/** Only pods have a grace period; one that never ran or has ended needs none (pod strategy, CheckGracefulDelete). */
function graceSeconds({ bucket }: ServedResource, old: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  if (bucket !== 'pods') return 0
  const { spec, status } = old as {
    spec?: { nodeName?: string; terminationGracePeriodSeconds?: number }
    status?: { phase?: string }
  }
  if (!spec?.nodeName || status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0
  return gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30
}

/** Two old kinds leave their pods behind unless told otherwise. */
function defaultPropagation({ bucket }: ServedResource, { metadata }: KubeObject): DeleteOptions['propagation'] {
  const hasChosen = metadata.finalizers?.some((name) => name === 'orphan' || name === 'foregroundDeletion')
  return !hasChosen && (bucket === 'replicationcontrollers' || bucket === 'jobs.batch') ? 'Orphan' : undefined
}

const propagationFinalizers = { Orphan: 'orphan', Foreground: 'foregroundDeletion' } as const

function finalizersFor(present: readonly string[], propagation: DeleteOptions['propagation']): string[] {
  if (!propagation) return [...present]
  const others = present.filter((name) => name !== 'orphan' && name !== 'foregroundDeletion')
  return propagation === 'Background' ? others : [...others, propagationFinalizers[propagation]]
}
