import { isRecord } from './json-answer.ts'
import type { KubeObject } from './wire.ts'

/** admission.k8s.io/v1 AdmissionRequest. */
export interface AdmissionRequest {
  readonly uid: string
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string }
  readonly subResource?: string
  readonly name?: string
  readonly namespace?: string
  readonly userInfo: { readonly username?: string; readonly uid?: string; readonly groups?: readonly string[] }
  readonly object?: KubeObject
  readonly oldObject?: KubeObject
  readonly dryRun?: boolean
}

export type AdmissionAnswer =
  | {
      readonly allowed: true
      /** Shown to the user by kubectl; each a sentence. */
      readonly warnings?: readonly string[]
      /** JSON patch, for a mutating webhook. */
      readonly patch?: readonly unknown[]
    }
  | {
      readonly allowed: false
      readonly message: string
      /** HTTP status for the user; absent: 403. */
      readonly code?: number
      readonly reason?: string
      readonly warnings?: readonly string[]
    }

export type Admit = (request: AdmissionRequest) => AdmissionAnswer | Promise<AdmissionAnswer>
/** Answers the object in `apiVersion`. What it throws is the reason why that cannot be done. */
export type Convert = (object: KubeObject, apiVersion: string) => KubeObject | Promise<KubeObject>

/** The AdmissionReview to answer with; undefined when the body is none. Rejects with what the handler throws. */
export async function reviewAdmission(body: unknown, admit: Admit): Promise<Record<string, unknown> | undefined> {
  if (!isRecord(body) || body['kind'] !== 'AdmissionReview' || body['apiVersion'] !== 'admission.k8s.io/v1')
    return undefined
  const request = body['request']
  if (!isRecord(request) || typeof request['uid'] !== 'string' || typeof request['operation'] !== 'string')
    return undefined
  const answer = await admit(request as unknown as AdmissionRequest)
  const { uid } = request
  const warnings = answer.warnings && answer.warnings.length > 0 ? { warnings: answer.warnings } : {}
  if (!answer.allowed) {
    const { message, code = 403, reason = 'Forbidden' } = answer
    return reviewOf('admission.k8s.io/v1', 'AdmissionReview', {
      uid,
      allowed: false,
      status: { message, code, reason },
      ...warnings,
    })
  }
  const patch = answer.patch && answer.patch.length > 0 ? encodedPatch(answer.patch) : {}
  return reviewOf('admission.k8s.io/v1', 'AdmissionReview', { uid, allowed: true, ...warnings, ...patch })
}

/** The ConversionReview to answer with; undefined when the body is none. A failed conversion is in the answer. */
export async function reviewConversion(body: unknown, convert: Convert): Promise<Record<string, unknown> | undefined> {
  if (!isRecord(body) || body['kind'] !== 'ConversionReview' || body['apiVersion'] !== 'apiextensions.k8s.io/v1')
    return undefined
  const request = body['request']
  if (!isRecord(request) || typeof request['desiredAPIVersion'] !== 'string' || !Array.isArray(request['objects']))
    return undefined
  const { uid, desiredAPIVersion } = request
  const convertedObjects: KubeObject[] = []
  try {
    for (const object of request['objects'] as KubeObject[])
      convertedObjects.push(await convert(object, desiredAPIVersion))
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return reviewOf('apiextensions.k8s.io/v1', 'ConversionReview', { uid, result: { status: 'Failed', message } })
  }
  return reviewOf('apiextensions.k8s.io/v1', 'ConversionReview', {
    uid,
    convertedObjects,
    result: { status: 'Success' },
  })
}

function encodedPatch(patch: readonly unknown[]): Record<string, unknown> {
  return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
}

function reviewOf(apiVersion: string, kind: string, response: Record<string, unknown>): Record<string, unknown> {
  return { apiVersion, kind, response }
}
