import { goQuote, goValue } from './go-text.ts'

/**
 * A finding about one field, as Kubernetes' `field.Error`: the same types, wording and rendering, because users, SDKs
 * and tests match on these sentences.
 */
export interface FieldError {
  readonly type: FieldErrorType
  /** Path as users read it: `spec.containers[0].name`. Empty: the whole object. */
  readonly field: string
  /** The value that was refused, any JSON. `undefined` leaves it out of the sentence (null is shown). */
  readonly badValue?: unknown
  readonly detail: string
}

export type FieldErrorType =
  | 'NotFound'
  | 'Required'
  | 'Duplicate'
  | 'Invalid'
  | 'NotSupported'
  | 'Forbidden'
  | 'TooLong'
  | 'TooMany'
  | 'Internal'
  | 'TypeInvalid'

const titles: Readonly<Record<FieldErrorType, string>> = {
  NotFound: 'Not found',
  Required: 'Required value',
  Duplicate: 'Duplicate value',
  Invalid: 'Invalid value',
  NotSupported: 'Unsupported value',
  Forbidden: 'Forbidden',
  TooLong: 'Too long',
  TooMany: 'Too many',
  Internal: 'Internal error',
  TypeInvalid: 'Invalid value',
}

const causeReasons: Readonly<Record<FieldErrorType, string>> = {
  NotFound: 'FieldValueNotFound',
  Required: 'FieldValueRequired',
  Duplicate: 'FieldValueDuplicate',
  Invalid: 'FieldValueInvalid',
  NotSupported: 'FieldValueNotSupported',
  Forbidden: 'FieldValueForbidden',
  TooLong: 'FieldValueTooLong',
  TooMany: 'FieldValueTooMany',
  Internal: 'InternalError',
  TypeInvalid: 'FieldValueTypeInvalid',
}

export const notFound = (field: string, badValue: unknown): FieldError => ({
  type: 'NotFound',
  field,
  badValue,
  detail: '',
})
export const required = (field: string, detail = ''): FieldError => ({ type: 'Required', field, detail })
export const duplicate = (field: string, badValue: unknown): FieldError => ({
  type: 'Duplicate',
  field,
  badValue,
  detail: '',
})
export const forbidden = (field: string, detail: string): FieldError => ({ type: 'Forbidden', field, detail })

export function invalid(field: string, badValue: unknown, detail: string): FieldError {
  return { type: 'Invalid', field, badValue: badValue ?? null, detail }
}

export function typeInvalid(field: string, badValue: unknown, detail: string): FieldError {
  return { type: 'TypeInvalid', field, badValue: badValue ?? null, detail }
}

export function tooLong(field: string, bytesMax: number): FieldError {
  return { type: 'TooLong', field, detail: `may not be more than ${bytesMax} ${bytesMax === 1 ? 'byte' : 'bytes'}` }
}

/** `count` undefined: the sentence names the bound only. */
export function tooMany(field: string, count: number | undefined, itemsMax: number): FieldError {
  const detail = `must have at most ${itemsMax} ${itemsMax === 1 ? 'item' : 'items'}`
  return { type: 'TooMany', field, badValue: count, detail }
}

export function notSupported(field: string, badValue: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length === 0 ? '' : `supported values: ${supported.map(goQuote).join(', ')}`
  return { type: 'NotSupported', field, badValue: badValue ?? null, detail }
}

/** A finding without its path: `Invalid value: "x": must be …`. */
export function fieldErrorBody(error: FieldError): string {
  const text = error.badValue === undefined ? titles[error.type] : `${titles[error.type]}: ${goValue(error.badValue)}`
  return error.detail === '' ? text : `${text}: ${error.detail}`
}

/** The whole sentence: `spec.replicas: Invalid value: -1: must be greater than or equal to 0`. */
export function fieldErrorMessage(error: FieldError): string {
  return `${error.field === '' ? '<nil>' : error.field}: ${fieldErrorBody(error)}`
}

/** The entry of `status.details.causes` for a finding. */
export function fieldErrorCause(error: FieldError): { reason: string; message: string; field: string } {
  return {
    reason: causeReasons[error.type],
    message: fieldErrorBody(error),
    field: error.field === '' ? '<nil>' : error.field,
  }
}

/** Message of a 422 answer: `Deployment.apps "x" is invalid: …`; several findings stand in brackets, repeats are said once. */
export function invalidMessage(kind: string, group: string, name: string, errors: readonly FieldError[]): string {
  const head = `${group === '' ? kind : `${kind}.${group}`} ${goQuote(name)} is invalid`
  const sentences = [...new Set(errors.map(fieldErrorMessage))]
  if (sentences.length === 0) return head
  return `${head}: ${sentences.length === 1 ? sentences[0] : `[${sentences.join(', ')}]`}`
}
