import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { signalGroup } from './process-group.ts'
import { readBootId, readProcess, readProcessEnvironment, readProcessTable } from './process-table.ts'

/**
 * The list, on disk, of process groups that are running. Whoever finds it after a `kill -9` can end them. Entries are
 * written synchronously: a microsecond-sized file, against a process that nobody would know of.
 */
export interface ProcessLedger {
  add(pid: number): void
  remove(pid: number): void
}

interface LedgerEntry {
  readonly pid: number
  readonly startTicks: number
  readonly bootId: string
}

/** Every process of a pod has this in its environment, set to the ledger's directory. */
export const ledgerVariable = 'MILLRACE_PROCESS_LEDGER'

export function openProcessLedger(directory: string): ProcessLedger {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const bootId = readBootId()
  return {
    add(pid) {
      const startTicks = readProcess(pid)?.startTicks
      if (bootId === undefined || startTicks === undefined) return
      const entry: LedgerEntry = { pid, startTicks, bootId }
      writeFileSync(join(directory, String(pid)), JSON.stringify(entry), { mode: 0o600 })
    },
    remove(pid) {
      rmSync(join(directory, String(pid)), { force: true })
    },
  }
}

/**
 * Ends what a killed predecessor left running, and empties its ledger. A process is only touched when it is provably
 * ours: the pid was recorded under this very boot with this very start time, or it carries our mark in its environment, as
 * one does that was started and not recorded yet. Returns how many groups were ended. Servers of our own follow their
 * lifeline anyway.
 */
export async function endLeftovers(directory: string, graceMs: number): Promise<number> {
  const groups = new Set<number>()
  const isOurs = leftoverTest(readEntries(directory), directory)
  for (const row of readProcessTable()) if (isOurs(row)) groups.add(row.groupId)
  for (const group of groups) signalGroup(group, 'SIGTERM')
  const deadline = Date.now() + graceMs
  while (groups.size > 0 && Date.now() < deadline && readProcessTable().some(isOurs)) await delay(20)
  for (const row of readProcessTable()) if (isOurs(row)) signalGroup(row.groupId, 'SIGKILL')
  rmSync(directory, { recursive: true, force: true })
  return groups.size
}

function leftoverTest(
  entries: ReadonlyMap<number, LedgerEntry>,
  directory: string,
): (row: { readonly pid: number; readonly groupId: number; readonly startTicks: number }) => boolean {
  const mark = `${ledgerVariable}=${directory}`
  return (row) => {
    if (entries.get(row.pid)?.startTicks === row.startTicks) return true
    return readProcessEnvironment(row.pid)?.includes(mark) ?? false
  }
}

function readEntries(directory: string): Map<number, LedgerEntry> {
  const bootId = readBootId()
  const entries = new Map<number, LedgerEntry>()
  for (const name of listDirectory(directory)) {
    const entry = parseEntry(join(directory, name))
    if (entry && entry.bootId === bootId) entries.set(entry.pid, entry)
  }
  return entries
}

function listDirectory(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** A half-written entry names nothing: the write was cut off together with the process that it was about to record. */
function parseEntry(path: string): LedgerEntry | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<LedgerEntry>
    const { pid, startTicks, bootId } = value
    if (typeof pid !== 'number' || typeof startTicks !== 'number' || typeof bootId !== 'string') return undefined
    return pid > 1 ? { pid, startTicks, bootId } : undefined
  } catch {
    return undefined
  }
}
