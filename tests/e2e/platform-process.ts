import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const main = join(root, 'packages', 'cli', 'src', 'main.ts')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface PlatformProcess {
  readonly dataDir: string
  readonly kubeconfig: string
  readonly gatewayUrl: string
  readonly apiUrl: string
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** Runs another command against this platform. */
  run(...args: string[]): Promise<Finished>
  /** Ctrl-C, and waits for the end. */
  stop(): Promise<Finished>
  kill(): Promise<void>
}

export interface UpOptions {
  readonly dataDir?: string
  readonly files?: readonly string[]
  /** Another API server in place of the embedded one. */
  readonly kubeconfig?: string
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** What on standard output says that it is up; default the line that says how to stop. */
  readonly until?: RegExp
  readonly timeoutMs?: number
}

export function temporaryDirectory(name: string): string {
  return mkdtempSync(join(tmpdir(), `millrace-${name}-`))
}

export function removeDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 })
}

/** One command of the CLI, to its end. */
export function millrace(
  args: readonly string[],
  options: {
    readonly input?: string
    readonly env?: Readonly<Record<string, string>>
    readonly timeoutMs?: number
  } = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
  })
  child.stdin.end(options.input ?? '')
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000)
  return collect(child).finally(() => clearTimeout(timer))
}

function collect(child: ChildProcess): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => (stdout += chunk))
  child.stderr?.on('data', (chunk) => (stderr += chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** Starts `millrace up` on free ports and resolves when it says that it is up. */
export async function startUp(options: UpOptions = {}): Promise<PlatformProcess> {
  const dataDir = options.dataDir ?? temporaryDirectory('up')
  const files = (options.files ?? []).flatMap((file) => ['-f', file])
  const args = [
    'up',
    '--data-dir',
    dataDir,
    '--api-port',
    '0',
    '--gateway-port',
    '0',
    ...(options.kubeconfig === undefined ? [] : ['--kubeconfig', options.kubeconfig]),
    ...files,
    ...(options.args ?? []),
  ]
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const until = options.until ?? /^stop /m
  const up = Promise.withResolvers<void>()
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
    if (until.test(stdout)) up.resolve()
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
    if (until.test(stderr)) up.resolve()
  })
  const ended = new Promise<Finished>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
  const timer = setTimeout(
    () => up.reject(new Error(`up took too long\n${stdout}\n${stderr}`)),
    options.timeoutMs ?? 90_000,
  )
  void ended.then(({ code }) => up.reject(new Error(`up ended with ${code}\n${stdout}\n${stderr}`)))
  try {
    await up.promise
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  } finally {
    clearTimeout(timer)
  }
  const found = (pattern: RegExp): string => pattern.exec(stderr)?.[1] ?? ''
  const kubeconfig = options.kubeconfig ?? join(dataDir, 'kubeconfig')
  return {
    dataDir,
    kubeconfig,
    apiUrl: found(/API (https:\S+?),/),
    gatewayUrl: found(/gateway (http:\S+)/),
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    run: (...more) => millrace([...more, ...(more.includes('--kubeconfig') ? [] : ['--kubeconfig', kubeconfig])]),
    stop: () => {
      child.kill('SIGINT')
      return ended
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Processes whose command line or environment names the data directory, other than `except`. Linux only. */
export function processesOf(
  dataDir: string,
  except: readonly number[] = [],
): readonly { readonly pid: number; readonly command: string }[] {
  const found: { pid: number; command: string }[] = []
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid || except.includes(pid)) continue
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
      if (command.includes(dataDir) || environment.includes(dataDir)) found.push({ pid, command })
    } catch {
      // It ended while we looked.
    }
  }
  return found
}

export async function eventually(
  look: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`gave up waiting: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
