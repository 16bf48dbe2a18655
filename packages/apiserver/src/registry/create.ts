import type { KubeObject } from '@millrace/kube'
import { trackUpdate } from '../fields/managed-fields.ts'
import { ApiError, alreadyExists, forbidden, invalid } from '../http/api-error.ts'
import type { Answer } from '../http/respond.ts'
import { StoreError } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { ownershipContext } from './field-owner.ts'
import { readObject } from './object-body.ts'
import { checkNamespaceAccepts, chooseName, withNamespaceOfPath } from './object-name.ts'
import { type Platform, timestamp } from './platform.ts'
import { representObject, shapeOf } from './represent.ts'
import { errorResource } from './served-resource.ts'
import { putOperation, withRevision } from './store-object.ts'
import { parseWriteOptions, type WriteOptions } from './write-options.ts'

const generatedNameAttemptsMax = 8
const terminatingText = 'create not allowed while custom resource definition is terminating'

/** POST to a collection. */
export async function createVerb(platform: Platform, request: ApiRequest): Promise<Answer> {
  const options = parseWriteOptions(request)
  const object = withoutServerFields(await readObject(request, options))
  const owned = trackUpdate(undefined, object, ownershipContext(platform, request.resource, options, ''))
  const created = await createObject(platform, request, owned, options)
  const body = representObject(request.resource, created, shapeOf(request.media, request.query))
  return { code: 201, body }
}

/** Admits, completes, checks and stores a decoded object that has its field owners. Generated names are tried again. */
export async function createObject(
  platform: Platform,
  request: ApiRequest,
  object: KubeObject,
  options: WriteOptions,
): Promise<KubeObject> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await createOnce(platform, request, object, options)
    } catch (error) {
      const isTaken = error instanceof ApiError && error.status.reason === 'AlreadyExists'
      const isGenerated = !object.metadata.name && object.metadata.generateName
      if (!isTaken || !isGenerated || attempt >= generatedNameAttemptsMax) throw error
    }
  }
}

async function createOnce(
  platform: Platform,
  request: ApiRequest,
  object: KubeObject,
  options: WriteOptions,
): Promise<KubeObject> {
  const { resource, signal } = request
  const placed = withNamespaceOfPath(request, object)
  const name = chooseName(platform, resource, placed)
  if (resource.isTerminating) throw forbidden(errorResource(resource), name, terminatingText)
  checkNamespaceAccepts(platform, resource, request.path.namespace, name)
  if (placed.metadata.resourceVersion) {
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created')
  }
  const named = { ...placed, metadata: { ...placed.metadata, name } }
  const review = { request, operation: 'CREATE' as const, subresource: '', old: undefined, dryRun: options.dryRun }
  const mutated = await platform.admission.mutate(review, named)
  const started = resource.behaviour.prepareCreate(withIdentity(platform, mutated))
  const prepared = await platform.hooks.beforeCreate(resource, started)
  const errors = await resource.behaviour.validateCreate(prepared)
  if (errors.length > 0) throw invalid(resource.gvk.kind, resource.storedAs.group, name, errors)
  await platform.admission.validate(review, prepared)
  const place = errorResource(resource)
  const stored = await resource.behaviour.toStorage(prepared, signal)
  const operation = putOperation(resource, stored, 0)
  const taken = (): ApiError => {
    const present = platform.store.get(operation.bucket, operation.key)
    const isGoing = present && (JSON.parse(present.value) as KubeObject).metadata.deletionTimestamp
    return alreadyExists(place, name, isGoing ? 'object is being deleted: ' : '')
  }
  if (options.dryRun) {
    if (platform.store.get(operation.bucket, operation.key)) throw taken()
    return prepared
  }
  try {
    const [revision = 0] = await platform.store.commit([operation])
    return withRevision(prepared, revision)
  } catch (error) {
    if (error instanceof StoreError && error.code === 'Conflict') throw taken()
    throw error
  }
}

/** What a client says of identity and deletion counts for nothing, also not as a field that it owns. */
function withoutServerFields(object: KubeObject): KubeObject {
  const {
    deletionTimestamp: _1,
    deletionGracePeriodSeconds: _2,
    uid: _3,
    selfLink: _4,
    ...metadata
  } = object.metadata as KubeObject['metadata'] & { readonly selfLink?: unknown }
  return { ...object, metadata }
}

/** What only the server gives: uid and creation time. */
function withIdentity(platform: Platform, object: KubeObject): KubeObject {
  const { metadata } = withoutServerFields(object)
  const creationTimestamp = timestamp(platform.now())
  return { ...object, metadata: { ...metadata, uid: platform.newUid(), creationTimestamp } }
}
