import type { KubeObject } from '@millrace/kube'
import { applyServerSide, trackUpdate } from '../fields/managed-fields.ts'
import {
  ApiError,
  alreadyExists,
  applyConflict,
  badRequest,
  invalid,
  invalidOptions,
  notFound,
  unsupportedMediaType,
} from '../http/api-error.ts'
import type { Answer } from '../http/respond.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import type { PatchResult } from '../patch/patch-result.ts'
import { applyStrategicPatch } from '../patch/strategic-patch.ts'
import { forbidden, invalid as invalidField, required } from '../schema/field-error.ts'
import { parseJsonStrict } from '../schema/parse-json.ts'
import type { ApiRequest } from './api-request.ts'
import { createObject } from './create.ts'
import { ownershipContext } from './field-owner.ts'
import { decodeObject, isRecord, type ParsedBody, parseYamlBody, repeatsOf, withKind } from './object-body.ts'
import { checkNameOfPath, withNamespaceOfPath } from './object-name.ts'
import type { Platform } from './platform.ts'
import { representObject, shapeOf } from './represent.ts'
import { apiVersionOf, errorResource, storeKey } from './served-resource.ts'
import { changeObject } from './update.ts'
import { withConversions } from './with-conversions.ts'
import { parseWriteOptions, type WriteOptions } from './write-options.ts'

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

/** PATCH of an object or its status, in the four forms of Kubernetes. */
export async function patchVerb(platform: Platform, request: ApiRequest): Promise<Answer> {
  const options = parseWriteOptions(request)
  const { contentType, resource } = request
  if (contentType === patchTypes.apply) return applyVerb(platform, request, options)
  if (request.query.get('force') !== null) {
    throw invalidOptions('PatchOptions', forbidden('force', 'may not be specified for non-apply patch'))
  }
  const patch = await readPatch(request)
  const context = ownershipContext(platform, resource, options, request.path.subresource)
  const updated = await changeObject(platform, request, options, (old) => {
    const patched = patchObject(request, old, patch.value)
    const body: ParsedBody = { value: patched, repeats: patch.repeats }
    const object = withNamespaceOfPath(request, decodePatched(request, body, options))
    checkNameOfPath(request, object)
    checkSameUid(request, object, old)
    return withConversions(resource.behaviour, context, request.signal, (now) => trackUpdate(old, object, now))
  })
  return { code: 200, body: representObject(resource, updated, shapeOf(request.media, request.query)) }
}

/** Throws 422: a patch means whatever object is there, and cannot say which. */
function checkSameUid({ resource, path }: ApiRequest, { metadata }: KubeObject, old: KubeObject): void {
  if (!metadata.uid || metadata.uid === old.metadata.uid) return
  const error = invalidField('metadata.uid', metadata.uid, 'field is immutable')
  throw invalid(resource.gvk.kind, resource.gvk.group, path.name, [error])
}

async function readPatch({ contentType, resource, readBody }: ApiRequest): Promise<ParsedBody> {
  const accepted = Object.values(patchTypes).filter((type) => !(resource.isCustom && type === patchTypes.strategic))
  if (!accepted.some((type) => type === contentType)) {
    if (resource.isCustom) throw unsupportedMediaType(accepted)
    throw new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
  }
  const parsed = parseJsonStrict((await readBody()).toString('utf8'))
  if (!parsed.ok) throw badRequest(`error decoding patch: ${parsed.message}`)
  const where = contentType === patchTypes.json ? 'json patch ' : ''
  return { value: parsed.value, repeats: repeatsOf(parsed.duplicates).map((sentence) => `${where}${sentence}`) }
}

/** The patched document. Throws the patch's own refusals. */
export function patchObject({ contentType, resource }: ApiRequest, old: KubeObject, patch: unknown): unknown {
  const result = runPatch(contentType, old, patch, resource.behaviour.schema)
  if (result.ok) return result.value
  if (result.code === 422) throw new ApiError(422, 'Invalid', result.message, {})
  throw new ApiError(result.code, result.reason, result.message)
}

function runPatch(
  contentType: string,
  old: KubeObject,
  patch: unknown,
  schema: Parameters<typeof applyStrategicPatch>[2],
): PatchResult {
  if (contentType === patchTypes.json) return applyJsonPatch(old, patch)
  if (contentType === patchTypes.merge) return applyMergePatch(old, patch)
  return applyStrategicPatch(old, patch, schema)
}

/** What a patch made must still be an object of the kind; if not, the patch is at fault (422), not the request (400). */
function decodePatched(request: ApiRequest, body: ParsedBody, options: WriteOptions): KubeObject {
  try {
    return decodeObject(request, request.resource.behaviour, body, options)
  } catch (error) {
    if (!(error instanceof ApiError) || error.status.code !== 400) throw error
    const why = error.message.replace(/^\S+ in version "[^"]*" cannot be handled as an? \S+: /, '')
    throw invalid('', '', '', [invalidField('patch', JSON.stringify(body.value), why)])
  }
}

/** Server-side apply: the object is made where it does not exist. */
async function applyVerb(platform: Platform, request: ApiRequest, options: WriteOptions): Promise<Answer> {
  const { resource, path, query } = request
  if (!query.get('fieldManager')) {
    throw invalidOptions('PatchOptions', required('fieldManager', 'is required for apply patch'))
  }
  const applied = await readApplied(request, options)
  const context = {
    ...ownershipContext(platform, resource, options, path.subresource),
    force: query.get('force') === 'true',
  }
  const apply = (live: KubeObject | undefined): Promise<KubeObject> =>
    withConversions(resource.behaviour, context, request.signal, (now) =>
      mergeApplied(live, applied, { ...context, ...now }),
    )
  const respond = (code: number, object: KubeObject): Answer => ({
    code,
    body: representObject(resource, object, shapeOf(request.media, query)),
  })
  if (!platform.store.get(resource.bucket, storeKey(path.namespace, path.name))) {
    if (path.subresource) throw notFound(errorResource(resource), path.name)
    const created = await createApplied(platform, request, await apply(undefined), options)
    if (created) return respond(201, created)
  }
  const updated = await changeObject(
    platform,
    request,
    options,
    async (old) => resource.behaviour.decode(await apply(old)).object,
  )
  return respond(200, updated)
}

/** Server-side apply of a configuration. Throws 409 naming who else owns the fields. */
export function mergeApplied(
  live: KubeObject | undefined,
  applied: KubeObject,
  context: Parameters<typeof applyServerSide>[2],
): KubeObject {
  const result = applyServerSide(live, applied, context)
  if (result.ok) return result.object
  if (result.code === 409) {
    const causes = result.conflicts.map(({ message, field }) => ({ reason: 'FieldManagerConflict', message, field }))
    throw applyConflict(result.message, causes)
  }
  throw new ApiError(result.code, result.code === 400 ? 'BadRequest' : '', result.message)
}

/** Undefined when somebody else was faster: then it is an update. */
async function createApplied(
  platform: Platform,
  request: ApiRequest,
  merged: KubeObject,
  options: WriteOptions,
): Promise<KubeObject | undefined> {
  if (merged.metadata.uid) {
    throw new ApiError(409, 'Conflict', alreadyExistsUid(request, merged.metadata.uid))
  }
  try {
    const { object } = request.resource.behaviour.decode(merged)
    return await createObject(platform, request, object, options)
  } catch (error) {
    if (error instanceof ApiError && error.status.reason === 'AlreadyExists') return undefined
    throw error
  }
}

function alreadyExistsUid({ resource, path }: ApiRequest, uid: string): string {
  const { message } = alreadyExists(errorResource(resource), path.name)
  const place = message.slice(0, message.indexOf(' already exists'))
  return `Operation cannot be fulfilled on ${place}: uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
}

/** The configuration as it was given; whether it fits the kind is server-side apply's to say. */
async function readApplied(request: ApiRequest, { fieldValidation }: WriteOptions): Promise<KubeObject> {
  const body = await parseYamlBody((await request.readBody()).toString('utf8'))
  if (fieldValidation === 'Strict' && body.repeats.length > 0) {
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${body.repeats.join(', ')}`)
  }
  if (fieldValidation === 'Warn')
    for (const repeat of body.repeats) request.warn(repeat.replace(/^yaml: unmarshal errors:\s*/, ''))
  if (!isRecord(body.value)) throw badRequest('error decoding YAML: the applied configuration must be an object')
  const { apiVersion = '', kind = '' } = body.value
  if (apiVersion !== apiVersionOf(request.resource.gvk) || kind !== request.resource.gvk.kind) {
    const groupVersion = String(apiVersion).includes('/') ? apiVersion : `/${String(apiVersion)}`
    throw badRequest(`invalid object type: ${String(groupVersion)}, Kind=${String(kind)}`)
  }
  const typed = withKind(request.resource, body.value) as unknown as KubeObject
  if (typed.metadata.managedFields && typed.metadata.managedFields.length > 0) {
    throw badRequest('metadata.managedFields must be nil')
  }
  withNamespaceOfPath(request, typed)
  const { metadata } = typed
  const named = metadata.name ? typed : { ...typed, metadata: { ...metadata, name: request.path.name } }
  checkNameOfPath(request, named)
  return named
}
