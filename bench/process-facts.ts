import { readdirSync, readFileSync } from 'node:fs'

/** What one process holds in memory, in bytes. Read from Linux' /proc. */
export interface ProcessMemory {
  readonly pid: number
  readonly command: readonly string[]
  /** Pages present, shared ones counted in full: the sum over several processes of one program counts its code many times. */
  readonly rssBytes: number
  /** Pages present, each divided by the number of processes on the machine that share it. */
  readonly pssBytes: number
  /** Heaps and stacks: what no other process shares. */
  readonly ownBytes: number
  /** Present pages of each mapped file, by path: code mostly, which processes share. */
  readonly fileBytes: ReadonlyMap<string, number>
}

/**
 * What the processes need together on a machine where nothing else runs: their own memory, and the pages of each file once.
 * Unlike a sum of PSS it does not get smaller because others run the same Node.
 */
export function footprintBytes(processes: readonly ProcessMemory[]): number {
  const files = new Map<string, number>()
  for (const { fileBytes } of processes) {
    for (const [path, bytes] of fileBytes) files.set(path, Math.max(bytes, files.get(path) ?? 0))
  }
  const own = processes.reduce((sum, { ownBytes }) => sum + ownBytes, 0)
  return [...files.values()].reduce((sum, bytes) => sum + bytes, own)
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
  return {
    pid,
    command,
    rssBytes: bytes('Rss'),
    pssBytes: bytes('Pss'),
    ownBytes: bytes('Pss_Anon'),
    fileBytes: filesOf(pid),
  }
}

function filesOf(pid: number): ReadonlyMap<string, number> {
  const files = new Map<string, number>()
  let path = ''
  const take = (bytes: number): void => void (path.startsWith('/') && files.set(path, (files.get(path) ?? 0) + bytes))
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)$/.exec(line)
    if (mapping) path = mapping[1] ?? ''
    const [, field, kibibytes] = /^(Rss|Anonymous):\s+(\d+) kB$/.exec(line) ?? []
    if (field === 'Rss') take(Number(kibibytes) * 1024)
    // Pages of a file that the process has written to are its own.
    if (field === 'Anonymous') take(-Number(kibibytes) * 1024)
  }
  return files
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
