import { invalidOptions } from '../http/api-error.ts'
import { invalid, notSupported, tooLong } from '../schema/field-error.ts'
import type { ApiRequest } from './api-request.ts'

/** CreateOptions, UpdateOptions and PatchOptions of a query. */
export interface WriteOptions {
  readonly dryRun: boolean
  /** Who the changed fields belong to. */
  readonly manager: string
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore'
}

const managerCharactersMax = 128
const optionKinds: Readonly<Record<string, string>> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
}

/** Throws 422. */
export function parseWriteOptions(request: Pick<ApiRequest, 'method' | 'query' | 'userAgent'>): WriteOptions {
  const { method, query, userAgent } = request
  const kind = optionKinds[method] ?? 'UpdateOptions'
  const manager = query.get('fieldManager') || managerOfUserAgent(userAgent)
  if (manager.length > managerCharactersMax) {
    throw invalidOptions(kind, tooLong('fieldManager', managerCharactersMax))
  }
  const unprintable = [...manager].findIndex((char) => /[\p{C}\p{Zl}\p{Zp}]/u.test(char))
  if (unprintable >= 0) {
    const code = (manager.codePointAt(unprintable) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    const why = `invalid character U+${code} (at position ${unprintable})`
    throw invalidOptions(kind, invalid('fieldManager', manager, why))
  }
  return {
    dryRun: parseDryRun(query.getAll('dryRun'), kind),
    manager,
    fieldValidation: parseFieldValidation(query, kind),
  }
}

/** `kind` of options is for the refusal. */
export function parseDryRun(values: readonly string[], kind: string): boolean {
  const given = values.filter((value) => value !== '')
  if (given.every((value) => value === 'All')) return given.length > 0
  throw invalidOptions(kind, notSupported('dryRun', given, ['All']))
}

function parseFieldValidation(query: URLSearchParams, kind: string): WriteOptions['fieldValidation'] {
  const value = query.get('fieldValidation') || 'Warn'
  if (value === 'Strict' || value === 'Warn' || value === 'Ignore') return value
  throw invalidOptions(kind, notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn']))
}

/** The program's name: a user agent up to its first slash. */
function managerOfUserAgent(userAgent: string): string {
  return (userAgent.split('/')[0] ?? '').slice(0, managerCharactersMax)
}
