import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** The program as another process, with its output; `port` is there once it serves. */
export interface Program {
  readonly child: ChildProcess
  readonly port: () => Promise<number>
  /** Exit code and all of stderr. */
  readonly ended: () => Promise<{ code: number | null; stderr: string }>
}

export function startProgram(
  args: readonly string[],
  env: Record<string, string> = {},
  stdio: ('ignore' | 'pipe')[] = [],
): Program {
  const main = join(import.meta.dirname, '../src/main.ts')
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', ...stdio],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += String(chunk)
  })
  const exit = once(child, 'close').then(([code]) => ({ code, stderr }))
  return {
    child,
    ended: () => exit,
    port: async () => {
      for (;;) {
        const found = /serving .*port=(\d+)/.exec(stderr)
        if (found?.[1] !== undefined) return Number(found[1])
        if (child.exitCode !== null) throw new Error(`the program ended: ${stderr}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}
