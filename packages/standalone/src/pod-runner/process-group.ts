import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'

export interface Command {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workingDirectory: string
}

export interface ProcessExit {
  /** 0 to 255; 128 + signal number when a signal ended it, as shells and container runtimes have it. */
  readonly exitCode: number
  readonly signal: number | undefined
}

/** A program and everything it started, as one group that is signalled together. */
export interface ProcessGroup {
  readonly pid: number
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves when the program has ended, its output is read and what was left of its group is killed. */
  readonly exited: Promise<ProcessExit>
  /** No effect once the program has ended. */
  signal(signal: NodeJS.Signals): void
}

/** Output that a left-over grandchild keeps open is waited for this long after the program's end. */
const outputAfterExitMsMax = 500

/**
 * Starts a program as the leader of its own process group. Its environment is exactly `command.env`. File descriptor 3
 * is the lifeline: a pipe whose other end closes when this process dies, however it dies. Rejects when the program
 * cannot be started.
 */
export function startProcessGroup(command: Command): Promise<ProcessGroup> {
  const [program, ...args] = command.argv
  if (program === undefined) return Promise.reject(new Error('the container has no command to run.'))
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: command.workingDirectory,
      env: { ...command.env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    // A lifeline that the child closed is its own affair.
    child.stdio[3]?.on('error', () => {})
    child.once('error', reject)
    child.once('spawn', () => {
      const { pid, stdout, stderr } = child
      if (pid === undefined || stdout === null || stderr === null) return reject(new Error('spawn gave no process.'))
      let hasEnded = false
      const exited = exitOf(child, pid).finally(() => {
        hasEnded = true
        child.stdio[3]?.destroy()
      })
      const signal = (name: NodeJS.Signals) => {
        if (!hasEnded) signalGroup(pid, name)
      }
      resolve({ pid, stdout, stderr, exited, signal })
    })
  })
}

function exitOf(child: ChildProcess, pid: number): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signalName) => {
      const signal = signalName === null ? undefined : constants.signals[signalName]
      const exit = { exitCode: code ?? 128 + (signal ?? 0), signal }
      // In a container everything ends with its first process.
      signalGroup(pid, 'SIGKILL')
      const timer = setTimeout(finish, outputAfterExitMsMax)
      child.once('close', finish)
      function finish(): void {
        clearTimeout(timer)
        resolve(exit)
      }
    })
  })
}

/** Signals every process of the group. A group that is gone, or is not ours to signal, is left alone. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-groupId, signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
