import { readdirSync, readFileSync } from 'node:fs'

/** One row of the machine's process table. Only Linux has /proc; elsewhere the table is empty. */
export interface ProcessRow {
  readonly pid: number
  readonly groupId: number
  /** Clock ticks since boot; with the boot id it names a process for good, where a pid alone may be used again. */
  readonly startTicks: number
  readonly cpuSeconds: number
  readonly residentBytes: number
}

/** Linux has reported times to user space in hundredths of a second for ever (USER_HZ). */
const ticksPerSecond = 100

/** Every process of the machine, one small read each: about 2 ms for 150 processes. */
export function readProcessTable(): ProcessRow[] {
  const rows: ProcessRow[] = []
  for (const entry of listProc()) {
    const row = readProcess(Number(entry))
    if (row) rows.push(row)
  }
  return rows
}

export function readProcess(pid: number): ProcessRow | undefined {
  const text = readProcFile(`${pid}/stat`)
  // The program's name comes second, in parentheses, and may hold anything; what follows the last one is plain.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  if (!fields || fields[0] === 'Z' || fields.length < 22) return undefined
  return {
    pid,
    groupId: Number(fields[2]),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    startTicks: Number(fields[19]),
    residentBytes: Number(fields[21]) * pageBytes(),
  }
}

let knownPageBytes: number | undefined

/** 4096 nearly everywhere, 16384 or 65536 on some arm64 systems: what Node says in bytes, /proc says in pages. */
function pageBytes(): number {
  if (knownPageBytes === undefined) {
    const text = readProcFile('self/stat') ?? ''
    const pages = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[21])
    const estimate = process.memoryUsage.rss() / pages
    knownPageBytes = Number.isFinite(estimate) ? 2 ** Math.round(Math.log2(estimate)) : 4096
  }
  return knownPageBytes
}

/**
 * Memory that cannot be taken back: anonymous and shared pages, without mapped files. A model file that is mapped counts
 * as page cache in a container too, and never gets it killed.
 */
export function readUnreclaimableBytes(pid: number): number {
  const text = readProcFile(`${pid}/status`) ?? ''
  const kibibytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0)
  return (kibibytes('RssAnon') + kibibytes('RssShmem')) * 1024
}

/** The environment that a process was started with; undefined when it may not be read. */
export function readProcessEnvironment(pid: number): string[] | undefined {
  return readProcFile(`${pid}/environ`)?.split('\0')
}

/** Changes with every start of the machine. Undefined where the system does not tell. */
export function readBootId(): string | undefined {
  return readProcFile('sys/kernel/random/boot_id')?.trim()
}

function listProc(): string[] {
  try {
    return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  } catch {
    return []
  }
}

/** Undefined when the process is gone, which may happen at any moment. */
function readProcFile(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'latin1')
  } catch {
    return undefined
  }
}
