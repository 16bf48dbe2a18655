import { readdirSync, readFileSync } from 'node:fs'

/** What one process holds in memory, in bytes. Read from Linux' /proc. */
export interface ProcessMemory {
  readonly pid: number
  readonly command: readonly string[]
  /** Pages present, shared ones counted in full: the sum over several processes of one program counts its code many times. */
  readonly rssBytes: number
  /** Pages present, each divided by the number of processes that share it: these may be added up. */
  readonly pssBytes: number
}

/** The process and all below it. */
export function processTree(pid: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = Number(statFields(Number(entry))?.[1])
    if (Number.isInteger(parent)) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const found: number[] = []
  const walk = (one: number): void => {
    found.push(one)
    for (const child of children.get(one) ?? []) walk(child)
  }
  walk(pid)
  return found
}

export function processMemory(pid: number): ProcessMemory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const bytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean)
  return { pid, command, rssBytes: bytes('Rss'), pssBytes: bytes('Pss') }
}

/** CPU time that the process has used so far, in its user and kernel parts together. */
export function cpuMsOf(pid: number): number {
  const fields = statFields(pid) ?? []
  // proc(5): utime and stime are fields 14 and 15, in ticks of 1/100 s on every Linux that Node runs on.
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** The fields of /proc/PID/stat after the name, which may hold spaces. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
