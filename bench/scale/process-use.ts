import { readFileSync } from 'node:fs'
import { cpuMsOf } from '../process-facts.ts'

/** What a process has used since its start. */
export interface ProcessUse {
  readonly cpuMs: number
  /** Through `read` and `write`: sockets, TLS and the log included. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** The largest resident set so far. */
  readonly rssPeakBytes: number
  readonly rssBytes: number
}

export function processUse(pid: number): ProcessUse {
  const io = readFileSync(`/proc/${pid}/io`, 'utf8')
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (text: string, name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1])
  return {
    cpuMs: cpuMsOf(pid),
    bytesIn: field(io, 'rchar'),
    bytesOut: field(io, 'wchar'),
    rssPeakBytes: field(status, 'VmHWM') * 1024,
    rssBytes: field(status, 'VmRSS') * 1024,
  }
}
