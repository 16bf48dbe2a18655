import type { KubeObject } from '@millrace/kube'
import { ApiError } from '../http/api-error.ts'
import { isRecord } from '../registry/object-body.ts'
import type { ServedResource } from '../registry/served-resource.ts'
import type { Review } from './admission.ts'

/** The request part of an AdmissionReview (admission.k8s.io/v1). */
export function admissionRequest(
  review: Review,
  seenAs: ServedResource,
  objects: { readonly object: KubeObject | undefined; readonly old: KubeObject | undefined },
  uid: string,
): Record<string, unknown> {
  const { request, operation, subresource, dryRun } = review
  const { resource, path, user } = request
  const name = path.name || objects.object?.metadata.name || objects.old?.metadata.name
  return {
    uid,
    kind: seenAs.gvk,
    resource: resourceOf(seenAs),
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: resource.gvk,
    requestResource: resourceOf(resource),
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(name ? { name } : {}),
    ...(path.namespace ? { namespace: path.namespace } : {}),
    operation,
    userInfo: userInfo(user),
    object: objects.object ?? null,
    oldObject: objects.old ?? null,
    dryRun,
    options: { kind: optionKinds[operation], apiVersion: 'meta.k8s.io/v1', ...(dryRun ? { dryRun: ['All'] } : {}) },
  }
}

const optionKinds = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
  CONNECT: 'ConnectOptions',
} as const

function resourceOf({ gvk, plural }: ServedResource): object {
  return { group: gvk.group, version: gvk.version, resource: plural }
}

function userInfo({ username, uid, groups, extra }: Review['request']['user']): object {
  return { username, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) }
}

/** What a webhook answered, checked. */
export interface AdmissionResponse {
  readonly allowed: boolean
  readonly warnings: readonly string[]
  /** RFC 6902 operations; undefined: no change. */
  readonly patch: unknown
  readonly status: Record<string, unknown>
}

/** Throws a plain Error for an answer that is not an AdmissionReview v1 for this request. */
export function parseAdmissionResponse(answer: unknown, uid: string): AdmissionResponse {
  if (!isRecord(answer) || !isRecord(answer['response'])) throw new Error('webhook response is not an AdmissionReview')
  const { response } = answer
  if (answer['apiVersion'] !== 'admission.k8s.io/v1') {
    throw new Error(
      `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${String(answer['apiVersion'])}`,
    )
  }
  if (!isRecord(response) || response['uid'] !== uid) throw new Error(`expected response.uid="${uid}"`)
  const warnings = Array.isArray(response['warnings']) ? response['warnings'].map(String) : []
  const status = isRecord(response['status']) ? response['status'] : {}
  return { allowed: response['allowed'] === true, warnings, patch: parsePatch(response), status }
}

function parsePatch(response: Record<string, unknown>): unknown {
  const { patch, patchType } = response
  if (patch === undefined || patch === null || patch === '') return undefined
  if (patchType !== 'JSONPatch') throw new Error('webhook returned response.patch but not response.patchType JSONPatch')
  return JSON.parse(Buffer.from(String(patch), 'base64').toString('utf8'))
}

/** The refusal of a webhook as the answer to the client. */
export function denial(name: string, status: Record<string, unknown>): ApiError {
  const deniedBy = `admission webhook "${name}" denied the request`
  const { message, reason, code, details } = status
  const why = typeof message === 'string' && message ? message : reason
  const text = typeof why === 'string' && why ? `${deniedBy}: ${why}` : `${deniedBy} without explanation`
  const number = typeof code === 'number' && code >= 400 ? code : 400
  const plainReason = typeof reason === 'string' ? reason : ''
  return new ApiError(number, plainReason, text, isRecord(details) ? details : undefined)
}
