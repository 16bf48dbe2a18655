import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError } from './store.ts'

interface LockContent {
  readonly pid: number
  /** Tells a process from a later one with the same pid; absent where the system does not tell. */
  readonly startTime?: string
  readonly token: string
}

export interface DataLock {
  release(): void
}

const lockName = 'lock'
const attemptsMax = 20

/**
 * Takes the directory for this process. Throws `DataDirectoryInUse` naming the holder while that process lives; the
 * lock of a dead one is taken over. Linking a finished file makes the lock appear with its content, and renaming a
 * stale one away lets exactly one of several heirs win.
 */
export function acquireDataLock(directory: string): DataLock {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, lockName)
  const token = randomUUID()
  const startTime = processStartTime(process.pid)
  const own: LockContent = { pid: process.pid, token, ...(startTime === undefined ? {} : { startTime }) }
  const draft = join(directory, `${lockName}.${token}`)
  writeFileSync(draft, JSON.stringify(own), { mode: 0o600, flag: 'wx' })
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (tryLink(draft, path)) return { release: () => release(path, token) }
      const holder = readLock(path)
      if (!holder) continue
      if (isAlive(holder)) throw inUse(directory, holder.pid)
      takeAway(directory, path, holder)
    }
    throw new StoreError('Unavailable', `the lock ${path} keeps changing hands; try again`)
  } finally {
    rmSync(draft, { force: true })
  }
}

function inUse(directory: string, pid: number): StoreError {
  return new StoreError(
    'DataDirectoryInUse',
    `the data directory ${directory} is in use by process ${pid}; stop that process first, or choose another directory`,
  )
}

function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Undefined when it has just gone. An unreadable one has token '' and counts as dead: links appear with content. */
function readLock(path: string): LockContent | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof parsed === 'object' && parsed && 'pid' in parsed && 'token' in parsed) {
      const { pid, token } = parsed
      const startTime = 'startTime' in parsed && typeof parsed.startTime === 'string' ? parsed.startTime : undefined
      if (typeof pid === 'number' && typeof token === 'string') {
        return { pid, token, ...(startTime === undefined ? {} : { startTime }) }
      }
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    if (!(error instanceof SyntaxError)) throw error
  }
  return { pid: 0, token: '' }
}

function takeAway(directory: string, path: string, stale: LockContent): void {
  const aside = join(directory, `${lockName}.stale.${randomUUID()}`)
  try {
    renameSync(path, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  const moved = readLock(aside)
  // Somebody else took over between our look and the rename: give the lock back.
  if (moved && moved.token !== stale.token) tryLink(aside, path)
  unlinkSync(aside)
}

function release(path: string, token: string): void {
  if (readLock(path)?.token === token) rmSync(path, { force: true })
}

function isAlive(holder: LockContent): boolean {
  if (holder.pid <= 0) return false
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return false
  }
  // Killed, and not yet reaped by its parent: it holds nothing any more.
  if (processField(holder.pid, 'state') === 'Z') return false
  const startTime = processStartTime(holder.pid)
  return startTime === undefined || holder.startTime === undefined || startTime === holder.startTime
}

const processStartTime = (pid: number): string | undefined => processField(pid, 'startTime')

/** Fields 3 (state) and 22 (start time) of /proc/<pid>/stat (proc(5)); undefined without procfs. */
function processField(pid: number, field: 'state' | 'startTime'): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field === 'state' ? 0 : 19]
  } catch {
    return undefined
  }
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
