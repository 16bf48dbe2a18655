import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { finished } from 'node:stream/promises'

export interface ChildProgram {
  readonly name: string
  readonly pid: number
  /** Settles when the process has ended, with what it said last. Never rejects. */
  readonly ended: Promise<string>
  kill(): Promise<void>
}

/**
 * Starts a program whose output goes to a file. It holds the other end of a pipe from us as standard input: our programs
 * end when that closes, so that none survives the death of a test.
 */
export function startProgram(name: string, command: string, args: readonly string[], logFile: string): ChildProgram {
  const output = createWriteStream(logFile)
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: process.env.PATH ?? '' } })
  child.stdin.on('error', () => {})
  child.stdout.pipe(output, { end: false })
  child.stderr.pipe(output, { end: false })
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', async (code, signal) => {
      output.end()
      await finished(output).catch(() => {})
      const text = await readFile(logFile, 'utf8').catch(() => '')
      resolve(`${name} ended with ${code ?? signal}\n${text.split('\n').slice(-15).join('\n')}`)
    })
  })
  return {
    name,
    pid: child.pid ?? 0,
    ended,
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
