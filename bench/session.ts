import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** What one part of the bench holds: processes and directories, all gone after `close()`. */
export interface Session {
  readonly signal: AbortSignal
  /** A new directory. */
  directory(): string
  /** Starts a program in the checkout. It is asked to end with SIGINT, and made to after some seconds. */
  start(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess
  /** As `start`, for a TypeScript file on this Node. */
  startFile(file: string, args: readonly string[], options?: SpawnOptions): ChildProcess
  /** Ends one of them, and waits. */
  stop(child: ChildProcess): Promise<void>
  /** Closes with the session what has processes of its own. */
  keep<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T>
  close(): Promise<void>
}

const stopGraceMs = 15_000

export function openSession(signal: AbortSignal): Session {
  const directories: string[] = []
  const running = new Set<ChildProcess>()
  const kept: Promise<{ close(): Promise<void> }>[] = []
  const start: Session['start'] = (command, args, options = {}) => {
    signal.throwIfAborted()
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options })
    running.add(child)
    child.once('exit', () => running.delete(child))
    child.once('error', () => running.delete(child))
    return child
  }
  const stop = async (child: ChildProcess): Promise<void> => {
    if (!running.has(child)) return
    const timer = setTimeout(() => child.kill('SIGKILL'), stopGraceMs)
    child.kill('SIGINT')
    if (running.has(child)) await once(child, 'exit')
    clearTimeout(timer)
  }
  return {
    signal,
    start,
    stop,
    startFile: (file, args, options) =>
      start(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, file), ...args], options),
    directory: () => {
      const made = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
      directories.push(made)
      return made
    },
    keep: (opening) => {
      kept.push(opening)
      return opening
    },
    close: async () => {
      await Promise.all([...running].map(stop))
      for (const outcome of await Promise.allSettled(kept))
        if (outcome.status === 'fulfilled') await outcome.value.close()
      for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Resolves with the match when the program has printed it; rejects with what it printed when it ends before. */
export function printed(child: ChildProcess, pattern: RegExp, signal: AbortSignal): Promise<RegExpExecArray> {
  const found = new Promise<RegExpExecArray>((resolve, reject) => {
    let text = ''
    const look = (chunk: Buffer): void => {
      text += chunk.toString('utf8')
      const match = pattern.exec(text)
      if (match) resolve(match)
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new Error(`ended with ${code} before it said ${pattern}:\n${text.slice(-2000)}`)),
    )
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  // Who waits for several lines in turn learns of the failure from the first.
  found.catch(() => {})
  return found
}
