import { badRequest, invalidOptions } from '../http/api-error.ts'
import { invalid, notSupported } from '../schema/field-error.ts'
import type { ApiRequest } from './api-request.ts'
import { isRecord, readBodyValue } from './object-body.ts'
import { parseQueryNumber } from './query-number.ts'
import { parseDryRun } from './write-options.ts'

export interface DeleteOptions {
  readonly dryRun: boolean
  readonly gracePeriodSeconds: number | undefined
  /** Undefined: the kind's default, or what the finalizers say already. */
  readonly propagation: 'Orphan' | 'Foreground' | 'Background' | undefined
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
}

/** DeleteOptions from body and query; the body wins where it has any. Throws 400 and 422. */
export async function readDeleteOptions(request: ApiRequest): Promise<DeleteOptions> {
  const { query } = request
  const body = await readDeleteBody(request)
  const text = (name: string): string | undefined => stringOf(body[name]) ?? query.get(name) ?? undefined
  const grace = text('gracePeriodSeconds')
  const preconditions = isRecord(body['preconditions']) ? body['preconditions'] : {}
  const dryRun = Array.isArray(body['dryRun']) ? body['dryRun'].map(String) : query.getAll('dryRun')
  return {
    dryRun: parseDryRun(dryRun, 'DeleteOptions'),
    gracePeriodSeconds: grace === undefined ? undefined : parseGrace(grace),
    propagation: parsePropagation(text('propagationPolicy'), text('orphanDependents')),
    uid: stringOf(preconditions['uid']),
    resourceVersion: stringOf(preconditions['resourceVersion']),
  }
}

async function readDeleteBody(request: ApiRequest): Promise<Record<string, unknown>> {
  const bytes = await request.readBody()
  if (bytes.length === 0) return {}
  const { value } = await readBodyValue({ ...request, readBody: () => Promise.resolve(bytes) })
  if (!isRecord(value)) throw badRequest('the body of a delete must be DeleteOptions')
  const { kind } = value
  if (kind !== undefined && kind !== 'DeleteOptions') {
    throw badRequest(`decoded object cannot be converted to DeleteOptions: it is a ${String(kind)}`)
  }
  return value
}

function stringOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function parseGrace(text: string): number {
  const seconds = parseQueryNumber(text) ?? 0
  // Negative values mean "at once" (rest.BeforeDelete).
  return seconds < 0 ? 1 : seconds
}

function parsePropagation(policy: string | undefined, orphan: string | undefined): DeleteOptions['propagation'] {
  if (policy !== undefined && orphan !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set'
    throw invalidOptions('DeleteOptions', invalid('propagationPolicy', policy, why))
  }
  if (orphan !== undefined) return orphan === 'true' ? 'Orphan' : 'Background'
  if (policy === undefined || policy === 'Orphan' || policy === 'Foreground' || policy === 'Background') return policy
  const known = ['Foreground', 'Background', 'Orphan', 'nil']
  throw invalidOptions('DeleteOptions', notSupported('propagationPolicy', policy, known))
}
