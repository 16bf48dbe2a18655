import type { KubeObject } from '@millrace/kube'
import { trackUpdate } from '../fields/managed-fields.ts'
import { conflict, invalid, modifiedText } from '../http/api-error.ts'
import type { Answer } from '../http/respond.ts'
import { invalid as invalidField } from '../schema/field-error.ts'
import { type Entry, StoreError } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { createObject } from './create.ts'
import { isUnchanged, ownershipContext } from './field-owner.ts'
import { findEntry } from './get.ts'
import { readObject } from './object-body.ts'
import { checkNameOfPath, withNamespaceOfPath } from './object-name.ts'
import type { Platform } from './platform.ts'
import { representObject, shapeOf } from './represent.ts'
import { errorResource, type ServedResource, storeKey } from './served-resource.ts'
import { deleteOperation, putOperation, withRevision } from './store-object.ts'
import { withConversions } from './with-conversions.ts'
import { parseWriteOptions, type WriteOptions } from './write-options.ts'

/** Makes the wanted object from the present one; called again when somebody else wrote in between. */
export type Change = (old: KubeObject) => Promise<KubeObject> | KubeObject

const attemptsMax = 200

/** PUT of an object, or of its status. */
export async function updateVerb(platform: Platform, request: ApiRequest): Promise<Answer> {
  const options = parseWriteOptions(request)
  const { resource, path } = request
  const object = withNamespaceOfPath(request, await readObject(request, options))
  checkNameOfPath(request, object)
  const context = ownershipContext(platform, resource, options, path.subresource)
  if (createsOnPut(platform, request)) {
    const owned = trackUpdate(undefined, object, ownershipContext(platform, resource, options, ''))
    const created = await createObject(platform, request, owned, options)
    return { code: 201, body: representObject(resource, created, shapeOf(request.media, request.query)) }
  }
  const updated = await changeObject(platform, request, options, (old) => {
    checkRevisionGiven(resource, object)
    return withConversions(resource.behaviour, context, request.signal, (now) => trackUpdate(old, object, now))
  })
  return { code: 200, body: representObject(resource, updated, shapeOf(request.media, request.query)) }
}

/** A few old kinds are made by a PUT of what is not there. */
function createsOnPut({ store }: Platform, { resource, path }: ApiRequest): boolean {
  if (path.subresource || !resource.behaviour.strategy.allowsCreateOnUpdate) return false
  return !store.get(resource.bucket, storeKey(path.namespace, path.name))
}

/** One read-modify-write, repeated while others win; a wanted object with a revision of its own then conflicts. */
export async function changeObject(
  platform: Platform,
  request: ApiRequest,
  options: WriteOptions,
  change: Change,
): Promise<KubeObject> {
  const { resource, path, signal } = request
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    const entry = findEntry(platform.store, resource, path.namespace, path.name)
    const [old] = await resource.behaviour.fromStorage([entry], signal)
    if (!old) throw new Error('an entry decodes to an object')
    const wanted = await change(old)
    checkPreconditions(resource, wanted, old, entry)
    try {
      return await writeChange(platform, request, options, { old, wanted, entry })
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'Conflict') throw error
      if (attempt >= attemptsMax) throw conflict(errorResource(resource), path.name, modifiedText)
    }
  }
}

interface PlannedChange {
  readonly old: KubeObject
  readonly wanted: KubeObject
  readonly entry: Entry
}

async function writeChange(
  platform: Platform,
  request: ApiRequest,
  options: WriteOptions,
  { old, wanted, entry }: PlannedChange,
): Promise<KubeObject> {
  const { resource, path, signal } = request
  const { subresource } = path
  const review = { request, operation: 'UPDATE' as const, subresource, old, dryRun: options.dryRun }
  const mutated = await platform.admission.mutate(review, keepServerFields(wanted, old))
  const prepared = resource.behaviour.prepareUpdate(keepServerFields(mutated, old), old, subresource)
  const hooked = await platform.hooks.beforeUpdate(resource, prepared, old, subresource)
  const errors = await resource.behaviour.validateUpdate(hooked, old, subresource)
  if (errors.length > 0) throw invalid(resource.gvk.kind, resource.storedAs.group, path.name, errors)
  await platform.admission.validate(review, hooked)
  if (isUnchanged(hooked, old)) return old
  if (options.dryRun) return withRevision(hooked, entry.revision)
  const isFinished = isReadyToGo(platform, resource, hooked)
  const stored = await resource.behaviour.toStorage(isFinished ? old : hooked, signal)
  const operation = (isFinished ? deleteOperation : putOperation)(resource, stored, entry.revision)
  const [revision = 0] = await platform.store.commit([operation])
  // An object that goes is never stored in its last form: watchers are told of the one before.
  return withRevision(hooked, isFinished ? entry.revision : revision)
}

/** An object whose deletion only waited for finalizers goes with the last of them. */
function isReadyToGo(platform: Platform, resource: ServedResource, object: KubeObject): boolean {
  const { metadata } = object
  if (!metadata.deletionTimestamp || (metadata.finalizers?.length ?? 0) > 0) return false
  return (metadata.deletionGracePeriodSeconds ?? 0) === 0 && platform.hooks.mayDisappear(resource, object)
}

/** Metadata that updates may leave out and can never take away. */
function keepServerFields(object: KubeObject, old: KubeObject): KubeObject {
  const { selfLink: _gone, ...metadata } = object.metadata as KubeObject['metadata'] & { readonly selfLink?: unknown }
  metadata.uid ||= old.metadata.uid ?? ''
  metadata.creationTimestamp = old.metadata.creationTimestamp ?? ''
  if (old.metadata.generation !== undefined) metadata.generation = old.metadata.generation
  if (old.metadata.deletionTimestamp) {
    metadata.deletionTimestamp = old.metadata.deletionTimestamp
    const grace = old.metadata.deletionGracePeriodSeconds
    if (grace !== undefined) metadata.deletionGracePeriodSeconds = grace
  } else {
    delete metadata.deletionTimestamp
    delete metadata.deletionGracePeriodSeconds
  }
  return { ...object, metadata }
}

/** A wanted object that names a uid or revision means exactly that one. Throws 409. */
function checkPreconditions(resource: ServedResource, wanted: KubeObject, old: KubeObject, entry: Entry): void {
  const { resourceVersion, uid, name = '' } = wanted.metadata
  if (uid && uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid ?? ''}`
    throw conflict(errorResource(resource), name, why)
  }
  if (resourceVersion && resourceVersion !== String(entry.revision)) {
    throw conflict(errorResource(resource), name, modifiedText)
  }
}

function checkRevisionGiven(resource: ServedResource, object: KubeObject): void {
  const { resourceVersion, name = '' } = object.metadata
  if (resourceVersion || resource.behaviour.strategy.allowsUnconditionalUpdate) return
  const error = invalidField('metadata.resourceVersion', 0, 'must be specified for an update')
  throw invalid(resource.plural, resource.gvk.group, name, [error])
}
