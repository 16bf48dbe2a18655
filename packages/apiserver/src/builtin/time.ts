/**
 * An RFC 3339 time as Kubernetes stores it: UTC, in seconds, or in microseconds for MicroTime. Undefined: no such time.
 */
export function canonicalTime(text: string, isMicro: boolean): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/.exec(text)
  if (!match) return undefined
  const ms = Date.parse(`${match[1]}${match[3]}`)
  if (Number.isNaN(ms)) return undefined
  const seconds = new Date(ms).toISOString().slice(0, 19)
  return isMicro ? `${seconds}.${(match[2] ?? '').padEnd(6, '0').slice(0, 6)}Z` : `${seconds}Z`
}
