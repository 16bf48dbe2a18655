import type { KubeObject } from '@millrace/kube'
import { trackUpdate, type WriteContext } from '../fields/managed-fields.ts'
import {
  badRequest,
  conflict,
  internalError,
  invalid,
  methodNotAllowed,
  modifiedText,
  unsupportedMediaType,
} from '../http/api-error.ts'
import type { Answer } from '../http/respond.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import { invalid as invalidField, required } from '../schema/field-error.ts'
import type { ApiRequest } from './api-request.ts'
import { ownershipContext } from './field-owner.ts'
import { findEntry } from './get.ts'
import { isRecord, parseJsonBody, parseYamlBody, readBodyValue } from './object-body.ts'
import { mergeApplied } from './patch.ts'
import type { Platform } from './platform.ts'
import { errorResource, type ScalePaths } from './served-resource.ts'
import { changeObject } from './update.ts'
import { parseWriteOptions } from './write-options.ts'
import type { Verb } from './verb.ts'

/** autoscaling/v1 Scale. */
interface Scale {
  readonly kind: 'Scale'
  readonly apiVersion: 'autoscaling/v1'
  readonly metadata: KubeObject['metadata']
  readonly spec: { readonly replicas?: number }
  readonly status: { readonly replicas: number; readonly selector?: string }
}

/** The scale subresource, of built-in kinds and of custom ones with `subresources.scale`. */
export async function scaleVerb(platform: Platform, request: ApiRequest, verb: Verb): Promise<Answer> {
  const { resource, path, signal } = request
  const { scale: paths } = resource
  if (!paths) throw methodNotAllowed()
  if (verb === 'get') {
    const entry = findEntry(platform.store, resource, path.namespace, path.name)
    const [object] = await resource.behaviour.fromStorage([entry], signal)
    if (!object) throw new Error('an entry decodes to an object')
    checkHasReplicas(request, object, paths)
    return { code: 200, body: scaleOf(object, paths) }
  }
  if (verb !== 'update' && verb !== 'patch') throw methodNotAllowed()
  const options = parseWriteOptions(request)
  const wantedOf = await readChange(request, verb)
  const context = ownershipContext(platform, resource, options, 'scale')
  const updated = await changeObject(platform, request, options, (old) => {
    const scale = wantedOf(scaleOf(old, paths))
    checkScale(request, scale, old)
    return withScale(request, old, paths, scale.spec?.replicas ?? 0, context)
  })
  return { code: 200, body: scaleOf(updated, paths) }
}

/** The object with the wanted number, owned as the form of the request has it. */
function withScale(
  { contentType, query }: ApiRequest,
  old: KubeObject,
  { specReplicas }: ScalePaths,
  replicas: number,
  context: WriteContext,
): KubeObject {
  if (contentType !== 'application/apply-patch+yaml') {
    // Nobody owns the number: nobody begins to. None is what zero is to a Scale.
    if (!isOwned(old, specReplicas)) return withNumber(old, specReplicas, replicas)
    const tracked = trackUpdate(old, withNumber(old, specReplicas, replicas || undefined), context)
    return withNumber(tracked, specReplicas, replicas)
  }
  const { apiVersion, kind, metadata } = old
  const { name = '', namespace } = metadata
  const bare: KubeObject = { apiVersion, kind, metadata: namespace ? { name, namespace } : { name } }
  const force = query.get('force') === 'true'
  return mergeApplied(old, withNumber(bare, specReplicas, replicas), { ...context, force })
}

function isOwned({ metadata }: KubeObject, path: string): boolean {
  const keys = path
    .replace(/^\./, '')
    .split('.')
    .map((key) => `f:${key}`)
  return (metadata.managedFields ?? []).some(({ fieldsV1 }) => valueAt(fieldsV1, keys.join('.')) !== undefined)
}

type WantedScale = { readonly metadata?: KubeObject['metadata']; readonly spec?: { readonly replicas?: number } }

async function readChange(request: ApiRequest, verb: 'update' | 'patch'): Promise<(present: Scale) => WantedScale> {
  const { contentType } = request
  if (verb === 'update') {
    const { value } = await readBodyValue(request)
    return () => scaleOfJson(value)
  }
  const text = (await request.readBody()).toString('utf8')
  const patch = contentType === 'application/apply-patch+yaml' ? await parseYamlBody(text) : parseJsonBody(text)
  const isJsonPatch = contentType === 'application/json-patch+json'
  if (!isJsonPatch && !/^application\/((strategic-)?merge|apply)-patch\+/.test(contentType)) {
    throw unsupportedMediaType(['application/json-patch+json', 'application/merge-patch+json'])
  }
  return (present) => {
    const result = isJsonPatch ? applyJsonPatch(present, patch.value) : applyMergePatch(present, patch.value)
    if (!result.ok) throw badRequest(result.message)
    return patchedScale(result.value)
  }
}

function scaleOfJson(value: unknown): WantedScale {
  if (!isRecord(value)) throw badRequest('the body must be a Scale')
  const { kind = 'Scale', apiVersion = '', spec } = value
  if (kind !== 'Scale') {
    const version = String(apiVersion).slice(String(apiVersion).indexOf('/') + 1)
    const given = `${version}.${String(kind)}`
    const head = `${String(kind)} in version "${version}" cannot be handled as a Scale`
    throw badRequest(`${head}: converting (${given}) to (autoscaling.Scale): unknown conversion`)
  }
  const replicas = isRecord(spec) ? spec['replicas'] : undefined
  if (replicas !== undefined && replicas !== null && !Number.isInteger(replicas)) {
    const what = typeof replicas === 'boolean' ? 'bool' : typeof replicas
    const why = `json: cannot unmarshal ${what} into Go struct field ScaleSpec.spec.replicas of type int32`
    throw badRequest(`Scale in version "v1" cannot be handled as a Scale: ${why}`)
  }
  return value as WantedScale
}

function patchedScale(value: unknown): WantedScale {
  try {
    return scaleOfJson(value)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw invalid('', '', '', [invalidField('patch', JSON.stringify(value), why)])
  }
}

function checkScale({ resource, path }: ApiRequest, scale: WantedScale, old: KubeObject): void {
  const { name, resourceVersion } = scale.metadata ?? {}
  if (name && name !== path.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${path.name})`)
  }
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(errorResource(resource), path.name, modifiedText)
  }
  const replicas = scale.spec?.replicas
  if (replicas === undefined && resource.isCustom)
    throw invalid('Scale', 'autoscaling', path.name, [required('spec.replicas')])
  if (replicas !== undefined && replicas < 0) {
    const error = invalidField('spec.replicas', replicas, 'must be greater than or equal to 0')
    throw invalid('Scale', 'autoscaling', path.name, [error])
  }
}

/** A custom object without the field has no scale to speak of; built-in kinds always have it. */
function checkHasReplicas({ resource }: ApiRequest, object: KubeObject, { specReplicas }: ScalePaths): void {
  if (!resource.isCustom || valueAt(object, specReplicas) !== undefined) return
  throw internalError(`the spec replicas field ${JSON.stringify(specReplicas)} does not exist`)
}

function scaleOf(object: KubeObject, paths: ScalePaths): Scale {
  const { name = '', namespace, uid = '', resourceVersion = '', creationTimestamp = '' } = object.metadata
  const replicas = valueAt(object, paths.specReplicas)
  const selector = paths.labelSelector === undefined ? undefined : selectorText(valueAt(object, paths.labelSelector))
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    spec: typeof replicas === 'number' && replicas !== 0 ? { replicas } : {},
    status: { replicas: Number(valueAt(object, paths.statusReplicas) ?? 0), ...(selector ? { selector } : {}) },
  }
}

/** metav1.FormatLabelSelector: sorted by key. A string is a selector already. */
function selectorText(selector: unknown): string | undefined {
  if (typeof selector === 'string' || !isRecord(selector)) return typeof selector === 'string' ? selector : undefined
  const isStructured = 'matchLabels' in selector || 'matchExpressions' in selector
  const labels = isStructured ? selector['matchLabels'] : selector
  const terms = Object.entries(isRecord(labels) ? labels : {}).map(([key, value]) => `${key}=${String(value)}`)
  const expressions = Array.isArray(selector['matchExpressions']) ? selector['matchExpressions'] : []
  for (const { key, operator, values } of expressions) {
    const list = `(${[...(values ?? [])].sort().join(',')})`
    if (operator === 'In') terms.push(`${key} in ${list}`)
    if (operator === 'NotIn') terms.push(`${key} notin ${list}`)
    if (operator === 'Exists') terms.push(`${key}`)
    if (operator === 'DoesNotExist') terms.push(`!${key}`)
  }
  return terms.sort().join(',')
}

function valueAt(object: unknown, path: string): unknown {
  let value = object
  for (const key of path.replace(/^\./, '').split('.')) {
    if (!isRecord(value)) return undefined
    value = value[key]
  }
  return value
}

function withNumber(object: KubeObject, path: string, value: number | undefined): KubeObject {
  const set = (node: unknown, [key = '', ...rest]: readonly string[]): unknown => {
    const record = isRecord(node) ? node : {}
    return { ...record, [key]: rest.length === 0 ? value : set(record[key], rest) }
  }
  return set(object, path.replace(/^\./, '').split('.')) as KubeObject
}
