import { KubeError } from './errors.ts'

/** The answer's JSON, or a KubeError `BadAnswer` that shows how it begins. */
export function parseJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw badAnswer(what, `not JSON: ${text.slice(0, 120)}`, cause)
  }
}

export function badAnswer(what: string, detail: string, cause?: unknown): KubeError {
  return new KubeError({
    code: 'BadAnswer',
    message: `${what}: the answer makes no sense (${detail})`,
    cause,
    retryable: true,
  })
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
