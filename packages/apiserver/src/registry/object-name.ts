import type { KubeObject } from '@millrace/kube'
import { ApiError, badRequest, forbidden, notFound } from '../http/api-error.ts'
import type { ApiRequest } from './api-request.ts'
import type { Platform } from './platform.ts'
import { errorResource, type ServedResource } from './served-resource.ts'

/** The object with the namespace of the URL. Throws 400 when the body names another one. */
export function withNamespaceOfPath(
  { resource, path }: Pick<ApiRequest, 'resource' | 'path'>,
  object: KubeObject,
): KubeObject {
  const { namespace } = object.metadata
  if (!resource.namespaced) {
    if (!namespace) return object
    const { namespace: _, ...metadata } = object.metadata
    return { ...object, metadata }
  }
  if (namespace && namespace !== path.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  return { ...object, metadata: { ...object.metadata, namespace: path.namespace } }
}

/** Throws 400 when the body's name is not the URL's. */
export function checkNameOfPath({ path }: Pick<ApiRequest, 'path'>, object: KubeObject): void {
  const { name } = object.metadata
  if (!name)
    throw badRequest(
      `the name of the object (${JSON.stringify(object.kind)}) could not be determined: name must be provided`,
    )
  if (name !== path.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${path.name})`)
  }
}

/** New objects need a namespace that exists and is not on its way out. Throws 404 and 403. */
export function checkNamespaceAccepts(
  platform: Platform,
  resource: ServedResource,
  namespace: string,
  name: string,
): void {
  if (!resource.namespaced) return
  const entry = platform.store.get('namespaces', namespace)
  if (!entry) throw notFound({ group: '', plural: 'namespaces' }, namespace)
  const { metadata } = JSON.parse(entry.value) as KubeObject
  if (!metadata.deletionTimestamp) return
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  }
  throw forbidden(errorResource(resource), name, why, [cause])
}

const generatedCharacters = 5
const generateNameLengthMax = 63 - generatedCharacters

/** A name from metadata.generateName. Throws 422 when there is neither. */
export function chooseName(platform: Platform, resource: ServedResource, object: KubeObject): string {
  const { name, generateName } = object.metadata
  if (name) return name
  if (generateName)
    return `${generateName.slice(0, generateNameLengthMax)}${platform.randomSuffix(generatedCharacters)}`
  const field = 'metadata.name: Required value: name or generateName is required'
  const { group, kind } = resource.gvk
  const head = `${group ? `${kind}.${group}` : kind} "" is invalid`
  throw new ApiError(422, 'Invalid', `${head}: ${field}`, {
    ...(group ? { group } : {}),
    kind,
    causes: [
      {
        reason: 'FieldValueRequired',
        message: 'Required value: name or generateName is required',
        field: 'metadata.name',
      },
    ],
  })
}
