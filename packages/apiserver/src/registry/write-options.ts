import { badRequest } from '../http/api-error.ts'
import type { ApiRequest } from './api-request.ts'

/** CreateOptions, UpdateOptions and PatchOptions of a query. */
export interface WriteOptions {
  readonly dryRun: boolean
  /** Who the changed fields belong to. */
  readonly manager: string
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore'
}

const managerCharactersMax = 128

/** Throws 400 and 422-like refusals as the real server words them. */
export function parseWriteOptions(request: Pick<ApiRequest, 'query' | 'userAgent'>): WriteOptions {
  const { query, userAgent } = request
  const manager = query.get('fieldManager') || managerOfUserAgent(userAgent)
  if (manager.length > managerCharactersMax) {
    throw badRequest(`fieldManager: Invalid value: ${JSON.stringify(manager)}: may not be more than 128 bytes`)
  }
  return { dryRun: parseDryRun(query.getAll('dryRun')), manager, fieldValidation: parseFieldValidation(query) }
}

export function parseDryRun(values: readonly string[]): boolean {
  const given = values.filter((value) => value !== '')
  const unknown = given.find((value) => value !== 'All')
  if (unknown !== undefined) {
    throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(unknown)}: supported values: "All"`)
  }
  return given.length > 0
}

function parseFieldValidation(query: URLSearchParams): WriteOptions['fieldValidation'] {
  const value = query.get('fieldValidation') || 'Warn'
  if (value === 'Strict' || value === 'Warn' || value === 'Ignore') return value
  const supported = 'supported values: "Ignore", "Strict", "Warn"'
  throw badRequest(`fieldValidation: Unsupported value: ${JSON.stringify(value)}: ${supported}`)
}

/** The program's name: a user agent up to its first slash. */
function managerOfUserAgent(userAgent: string): string {
  return (userAgent.split('/')[0] ?? '').slice(0, managerCharactersMax)
}
