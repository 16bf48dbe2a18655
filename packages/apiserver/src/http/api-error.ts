import type { Status, StatusCause } from '@millrace/kube'
import { type FieldError, fieldErrorCause, invalidMessage } from '../schema/field-error.ts'

/** How errors name a resource: `deployments.apps`, or `pods` in the core group. */
export interface ErrorResource {
  readonly group: string
  readonly plural: string
}

/** An answer that is a metav1.Status failure. Thrown anywhere in a request; the HTTP layer writes it. */
export class ApiError extends Error {
  readonly status: Status

  constructor(code: number, reason: string, message: string, details?: Status['details']) {
    super(message)
    this.name = 'ApiError'
    this.status = failure(code, reason, message, details)
  }
}

function failure(code: number, reason: string, message: string, details: Status['details']): Status {
  // The key order of the real server, for people who read raw answers side by side.
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    code,
  }
}

export function qualified({ group, plural }: ErrorResource): string {
  return group ? `${plural}.${group}` : plural
}

function detailsOf({ group, plural }: ErrorResource, name: string): NonNullable<Status['details']> {
  return { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: plural }
}

export function notFound(resource: ErrorResource, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name))
}

/** `prefix` says more about the one that is there. */
export function alreadyExists(resource: ErrorResource, name: string, prefix = ''): ApiError {
  const message = `${prefix}${qualified(resource)} "${name}" already exists`
  return new ApiError(409, 'AlreadyExists', message, detailsOf(resource, name))
}

export const modifiedText =
  'the object has been modified; please apply your changes to the latest version and try again'

export function conflict(resource: ErrorResource, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`
  return new ApiError(409, 'Conflict', message, detailsOf(resource, name))
}

export function applyConflict(message: string, causes: readonly StatusCause[]): ApiError {
  return new ApiError(409, 'Conflict', message, { causes })
}

export function forbidden(
  resource: ErrorResource,
  name: string,
  why: string,
  causes?: readonly StatusCause[],
): ApiError {
  const subject = name ? `${qualified(resource)} "${name}"` : qualified(resource)
  const details = { ...detailsOf(resource, name), ...(causes ? { causes } : {}) }
  return new ApiError(403, 'Forbidden', `${subject} is forbidden: ${why}`, details)
}

/** A request that no rule about a resource refuses, but this server does: a foreign Host or Origin. */
export function refused(why: string): ApiError {
  return new ApiError(403, 'Forbidden', why, {})
}

export function invalid(kind: string, group: string, name: string, errors: readonly FieldError[]): ApiError {
  return new ApiError(422, 'Invalid', invalidMessage(kind, group, name, errors), {
    ...(name ? { name } : {}),
    ...(group ? { group } : {}),
    ...(kind ? { kind } : {}),
    causes: errors.map(fieldErrorCause),
  })
}

/** Options of a request that are wrong: `CreateOptions`, `ListOptions`, … */
export function invalidOptions(kind: string, error: FieldError): ApiError {
  return invalid(kind, 'meta.k8s.io', '', [error])
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message)
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized')
}

/** The path or resource is not served. */
export function unknownResource(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})
}

export function methodNotAllowed(): ApiError {
  const message = 'the server does not allow this method on the requested resource'
  return new ApiError(405, 'MethodNotAllowed', message, {})
}

export function expired(message: string): ApiError {
  return new ApiError(410, 'Expired', message)
}

export function resourceVersionTooLarge(wanted: number, current: number): ApiError {
  return new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

export function bodyTooLarge(bytesMax: number): ApiError {
  const message = `Request entity too large: limit is ${bytesMax}`
  return new ApiError(413, 'RequestEntityTooLarge', message)
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  const list = accepted.join(', ')
  const message = `the body of the request was in an unknown format - accepted media types include: ${list}`
  return new ApiError(415, 'UnsupportedMediaType', message)
}

export function notAcceptable(accepted: readonly string[]): ApiError {
  const message = `406: Not Acceptable\n\nAvailable representations: ${accepted.join(', ')}`
  return new ApiError(406, 'NotAcceptable', message, {})
}

export function tooManyRequests(message: string, retryAfterSeconds: number): ApiError {
  return new ApiError(429, 'TooManyRequests', message, { retryAfterSeconds })
}

export function serviceUnavailable(message: string): ApiError {
  return new ApiError(503, 'ServiceUnavailable', message, { retryAfterSeconds: 1 })
}

export function internalError(message: string): ApiError {
  return new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
}
